"""What pictures of measurements inside networks show, for the list of targets."""

import ast
from pathlib import Path

_PICTURES = Path(__file__).with_name("pictures")


def shows(picture: str) -> str:
    """What ``picture`` shows, by the first line of its module, which is not imported."""
    text = ast.get_docstring(ast.parse((_PICTURES / f"{picture}.py").read_text())) or picture
    return text.splitlines()[0].partition(": ")[2].rstrip(".")
