"""Opening of files that others may have put there: what is no regular file is not waited for."""

import os
import stat
from io import BufferedReader
from pathlib import Path

from pez.runtime.errors import ArtifactError


def open_regular(path: Path | str) -> BufferedReader:
    """Open the file at ``path`` for reading.

    Raises:
        ArtifactError: it is missing, cannot be read, or is no regular file: reading from a pipe
            would wait for ever, and a device may never end.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} does not exist: run its rule again.") from error
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror}): check the disk.") from error
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    what = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe"}.get(stat.S_IFMT(kind), "a device")
    raise ArtifactError(
        f"{path} cannot be read (it is {what} and no file): remove it and run again."
    )
