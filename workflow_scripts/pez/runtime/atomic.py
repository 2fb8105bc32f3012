"""Write a file or folder under a temporary name and move it into place, or not at all."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pez.runtime.errors import ArtifactError


@contextmanager
def atomic_path(final: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``final``; on success sync it and rename it to ``final``.

    A reader therefore sees the old file, no file, or the whole new file. The temporary file is
    hidden and has the suffix of ``final`` (libraries choose a format by it). What a killed job left
    of it is overwritten by the next attempt.

    Raises:
        ArtifactError: the disk is full, or the user's quota is.
    """
    final = Path(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{final.stem}.partial{final.suffix}")
    temporary.unlink(missing_ok=True)
    try:
        with _full_disk_named(final):
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.chmod(0o666 & ~_umask())  # some libraries write for the owner's eyes only
            temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(final: Path | str) -> Iterator[Path]:
    """Yield a new, empty folder beside ``final``; on success rename it to ``final``.

    What stood at ``final`` is replaced. The temporary folder is hidden; on failure it is deleted,
    and what a killed job left of it the next attempt deletes.

    Raises:
        ArtifactError: the disk is full, or the user's quota is.
    """
    final = Path(final)
    temporary = final.with_name(f".{final.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with _full_disk_named(final):
            temporary.mkdir(parents=True)
            yield temporary
            shutil.rmtree(final, ignore_errors=True)
            temporary.replace(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _full_disk_named(final: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ArtifactError(
                f"no space left on the disk while writing {final}: nothing was kept of it. "
                "Free some space, or set output_dir in the configuration to a larger disk, "
                "and run the same command again."
            ) from error
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
