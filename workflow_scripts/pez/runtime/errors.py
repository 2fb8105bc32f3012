"""Errors whose message is meant for the person who runs the workflow."""


class PezError(Exception):
    """A problem the user can cure: the message names the file or key, the value, and the cure."""


class ArtifactError(PezError):
    """A file on disk is missing, damaged, or not what its path promises."""


class ConfigError(PezError):
    """The configuration is wrong; raised before any job starts."""
