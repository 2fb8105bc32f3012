"""Download of a large file over HTTP: resumed after a cut, its size and its digest checked."""

import errno
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from pez.encoders.digests import recorded, sha256_of, write_record
from pez.runtime.errors import ArtifactError
from pez.runtime.progress import progress

_CHUNK = 2**16
_TIMEOUT_S = 30.0
_SERVER_ERROR = 500


@dataclass(frozen=True)
class _Answer:
    """What the server says about the bytes it is about to send."""

    start: int
    total: int


class _Incomplete(Exception):
    """The transfer stopped early; asking for the rest may help."""


def download(
    url: str,
    output: Path | str,
    record: Path | str,
    sha256: str | None = None,
    attempts: int = 5,
    pause_s: float = 2.0,
) -> None:
    """Download ``url`` to ``output``, through ``<output>.part``, and show a progress bar.

    The file must have the digest ``sha256`` if that is given, else the one that ``record`` holds of
    an earlier download. Its digest is written to ``record``.

    A ``.part`` file left by an earlier run is continued, if the server says (``If-Range``) that its
    file is still the same one. After ``attempts`` tries in a row that bring no new byte it gives up
    and keeps the ``.part`` file; the pause between tries doubles, from ``pause_s`` seconds.

    Raises:
        ArtifactError: the server refuses, the transfer keeps failing, the announced size changes or
            is not what arrives, the digest is another one, or the disk is too small.
    """
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_name(output.name + ".part")
    furthest = _size(part)
    failures = 0
    while True:
        try:
            _fetch_rest(url, part)
            break
        except (_Incomplete, requests.RequestException) as error:
            failures = 0 if _size(part) > furthest else failures + 1
            furthest = max(furthest, _size(part))
            if failures >= attempts:
                raise ArtifactError(
                    f"{url} could not be downloaded: {attempts} attempts in a row brought nothing "
                    f"({error}). {_size(part)} bytes are kept in {part}: run again to continue, or "
                    f"put the file into a folder and name that in encoders.checkpoint_dir."
                ) from error
            print(f"{url}: {error}; trying again", flush=True)
            time.sleep(pause_s * 2 ** max(failures - 1, 0))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise ArtifactError(
                f"no space left on the disk while downloading to {part}: free some, or set "
                "output_dir to a larger disk, and run again to continue."
            ) from error
    _check_digest(url, part, Path(record), sha256)
    part.replace(output)
    _validator_file(part).unlink(missing_ok=True)


def _check_digest(url: str, part: Path, record: Path, published: str | None) -> None:
    """Keep the digest of ``part`` in ``record``, or delete ``part`` if it is not the right one."""
    digests = recorded(record)
    found = sha256_of(part)
    print(f"{url}: SHA-256 {found}", flush=True)
    expected = published or digests.get(url, found)
    if found == expected:
        write_record(record, {**digests, url: found})
        return
    part.unlink()
    _validator_file(part).unlink(missing_ok=True)
    if published:
        raise ArtifactError(
            f"{url} has SHA-256 {found}, and weights.sha256 of the model is {published}: it is not "
            "the published file, or was damaged on the way. It was deleted: run again, or correct "
            "the key."
        )
    raise ArtifactError(
        f"{url} has SHA-256 {found}, and an earlier download had {expected} ({record}): its "
        "publisher has replaced the file, or somebody else has. It was deleted. To take the new "
        f"file, give the model's weights the key sha256: {found}."
    )


def _fetch_rest(url: str, part: Path) -> None:
    """Append to ``part`` what it lacks of ``url``; return when it is whole."""
    with requests.get(
        url, headers=_range_headers(part), stream=True, timeout=_TIMEOUT_S
    ) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            if _total_of(response) == _size(part):
                return
            part.unlink(missing_ok=True)
            raise _Incomplete("the partial file is longer than the file on the server")
        if response.status_code >= _SERVER_ERROR:
            raise _Incomplete(f"the server answered {response.status_code} {response.reason}")
        if not response.ok:
            raise ArtifactError(
                f"{url} cannot be downloaded: the server answered {response.status_code} "
                f"{response.reason}. Correct the url of the model in encoders.models, or put the "
                "file into a folder and name that in encoders.checkpoint_dir."
            )
        answer = _read_answer(url, response)
        _check_same_size(url, part, answer)
        _check_space(part, answer)
        _remember(part, response, answer)
        _receive(response, part, answer)
    if _size(part) != answer.total:
        raise _Incomplete(f"{_size(part)} of the {answer.total} bytes announced have arrived")


def _range_headers(part: Path) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if _size(part):
        headers["Range"] = f"bytes={_size(part)}-"
        validator = _validator_file(part)
        tag = validator.read_text().split("\n")[1] if validator.exists() else ""
        if tag:
            headers["If-Range"] = tag
    return headers


def _read_answer(url: str, response: requests.Response) -> _Answer:
    if response.status_code == requests.codes.partial_content:
        match = re.fullmatch(
            r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", "").strip()
        )
        if match:
            return _Answer(int(match[1]), int(match[2]))
    elif response.headers.get("Content-Length", "").isdigit():
        return _Answer(0, int(response.headers["Content-Length"]))
    raise ArtifactError(
        f"{url}: the server does not say how large the file is, so that it cannot be checked. "
        "Download it by hand and name its folder in encoders.checkpoint_dir."
    )


def _check_same_size(url: str, part: Path, answer: _Answer) -> None:
    validator = _validator_file(part)
    if answer.start == 0 or not validator.exists():
        return
    announced = int(validator.read_text().split("\n")[0])
    if answer.total != announced or answer.start != _size(part):
        part.unlink()
        validator.unlink()
        raise ArtifactError(
            f"{url}: the server announced {announced} bytes at first and {answer.total} bytes now, "
            f"so the file has changed on the way. {part} was deleted: run again."
        )


def _check_space(part: Path, answer: _Answer) -> None:
    needed = answer.total - answer.start
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise ArtifactError(
            f"{part.parent} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB are still to be "
            "downloaded: free some space or set output_dir to a larger disk, and run again."
        )


def _remember(part: Path, response: requests.Response, answer: _Answer) -> None:
    """Keep what tells, on a later run, whether the server still has the same file."""
    tag = response.headers.get("ETag", "")
    # A weak tag promises equal meaning, not equal bytes; If-Range may not carry one.
    strong = "" if tag.startswith("W/") else tag
    modified = response.headers.get("Last-Modified", "")
    _validator_file(part).write_text(f"{answer.total}\n{strong or modified}\n")


def _receive(response: requests.Response, part: Path, answer: _Answer) -> None:
    bar = progress(None, f"download {part.stem}", total=answer.total, unit="B")
    bar.unit_scale = True
    with bar, part.open("ab" if answer.start else "wb") as file:
        bar.update(answer.start)
        for chunk in response.iter_content(_CHUNK):
            file.write(chunk)
            bar.update(len(chunk))


def _total_of(response: requests.Response) -> int:
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(total) if total.isdigit() else -1


def _validator_file(part: Path) -> Path:
    return part.with_name(part.name + ".info")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
