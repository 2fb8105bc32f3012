"""Write a file or folder under a temporary name and move it into place, or not at all.

Every attempt writes in a hidden folder of its own beside the output, so that two that write the
same output at once (a job that outlived its scheduler, and its successor) do not meet before the
end: each moves a whole output into place. An attempt holds a lock for as long as it lives, by which
the next one tells what a killed one left, and deletes it.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pez.runtime.errors import ArtifactError

_LOCK = ".lock"
_MOVES = 10  # attempts to replace a folder into which another process moves its own


@contextmanager
def atomic_path(final: Path | str) -> Iterator[Path]:
    """Yield a temporary path for ``final``; on success sync it and rename it to ``final``.

    A reader therefore sees the old file, no file, or the whole new file, and who returns without an
    error has left its own, unless another has put its own in that place since. The temporary file
    has the name of ``final`` in another folder (libraries choose a format by the suffix).

    Raises:
        ArtifactError: the disk is full, or the user's quota is.
    """
    final = Path(final)
    with _attempt(final) as temporary:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())  # some libraries write for the owner's eyes only
        temporary.replace(final)


@contextmanager
def atomic_folder(final: Path | str) -> Iterator[Path]:
    """Yield a new, empty folder; on success rename it to ``final``.

    What stood at ``final`` is replaced; two attempts at once behave as in `atomic_path`.

    Raises:
        ArtifactError: the disk is full, or the user's quota is.
    """
    final = Path(final)
    with _attempt(final) as temporary:
        temporary.mkdir()
        yield temporary
        _replace_folder(temporary, final)


@contextmanager
def _attempt(final: Path) -> Iterator[Path]:
    """Yield a path in a new folder beside ``final`` that no other attempt touches."""
    with _full_disk_named(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        for litter in final.parent.glob(f".{_escaped(final.name)}.*.partial"):
            _delete_if_abandoned(litter)
        folder, lock = _locked_folder(final)
        try:
            yield folder / final.name
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _locked_folder(final: Path) -> tuple[Path, int]:
    """Make a folder with a lock in it; return it and the descriptor that holds the lock."""
    while True:
        folder = final.with_name(f".{final.name}.{secrets.token_hex(4)}.partial")
        folder.mkdir()
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        # Another process that looks for litter may have been faster between the two lines.
        if _lock(lock) and (folder / _LOCK).exists():
            return folder, lock
        os.close(lock)


def _delete_if_abandoned(folder: Path) -> None:
    """Delete the folder of an attempt that no longer lives; in doubt leave it."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    if _lock(lock):
        shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _lock(descriptor: int) -> bool:
    """Lock an open file, unless another process holds its lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _replace_folder(whole: Path, final: Path) -> None:
    """Move the folder ``whole`` to ``final``, and what stands there out of the way."""
    for move in range(_MOVES):
        try:
            whole.rename(final)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or move == _MOVES - 1:
                raise
        try:
            final.rename(whole.with_name(f"{move}.replaced"))  # deleted with the attempt's folder
        except FileNotFoundError:
            continue  # another attempt was faster


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


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
