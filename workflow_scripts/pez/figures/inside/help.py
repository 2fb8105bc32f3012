"""What pictures of measurements inside networks show, for the list of targets."""

from pathlib import Path

_PICTURES = Path(__file__).with_name("pictures")


def shows(picture: str) -> str:
    """What ``picture`` shows, by the first line of its module, which is not imported.

    Every job's process asks for all of them when it reads the rules, so that no more is read.
    """
    with (_PICTURES / f"{picture}.py").open() as file:
        line = file.readline()
    return line.strip().strip('"').partition(": ")[2].rstrip(".")
