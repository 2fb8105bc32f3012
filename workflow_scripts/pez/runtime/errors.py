"""Errors whose message is meant for the person who runs the workflow."""

from collections.abc import Sequence


class PezError(Exception):
    """A problem the user can cure: the message names the file or key, the value, and the cure."""


class ArtifactError(PezError):
    """A file on disk is missing, damaged, or not what its path promises."""


class ConfigError(PezError):
    """The configuration is wrong; raised before any job starts."""


def listed(problems: Sequence[object], most: int = 20) -> str:
    """A line for each of ``problems``, the first ``most`` of them, and how many more there are."""
    lines = [f"  - {problem}" for problem in problems[:most]]
    more = [f"  ... and {len(problems) - most} more"] if len(problems) > most else []
    return "\n".join(lines + more)
