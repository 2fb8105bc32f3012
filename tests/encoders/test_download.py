"""Downloads from a real HTTP server on this machine, which cuts, refuses and lies on request."""

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from pez.encoders.download import download
from pez.runtime.errors import ArtifactError

CHUNK = 2**16  # what arrives of a chunk that is cut is lost
DATA = np.random.default_rng(0).integers(0, 256, 3_000_000, np.uint8).tobytes()


class Server(ThreadingHTTPServer):
    """Serves `DATA` with HTTP ranges; the attributes choose how it misbehaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = DATA
        self.etag = '"one"'
        self.cut_after: list[int] = []  # bytes sent before each of the next answers is cut
        self.refusals: list[int] = []  # status codes of the next answers
        self.totals: list[int] = []  # sizes announced by the next answers, in place of the true one
        self.ranges_supported = True
        self.announce_length = True
        self.most_at_once = len(DATA)  # bytes of one answer to a range request
        self.requests: list[str | None] = []  # Range headers received

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/vitl.pt"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get("Range")
        server.requests.append(wanted)
        if server.refusals:
            self.send_error(server.refusals.pop(0))
            return
        start = 0
        same_file = self.headers.get("If-Range") in (None, server.etag)
        if wanted and server.ranges_supported and same_file:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
        total = server.totals.pop(0) if server.totals else len(server.data)
        if start and start >= len(server.data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(server.data)}")
            self.end_headers()
            return
        length = min(total - start, server.most_at_once) if start else total
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{start + length - 1}/{total}")
        if server.announce_length:
            self.send_header("Content-Length", str(length))
        self.send_header("ETag", server.etag)
        self.end_headers()
        body = server.data[start : start + length]
        self.wfile.write(body[: server.cut_after.pop(0)] if server.cut_after else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def output(tmp_path):
    return tmp_path / "downloads" / "vitl.pt"


@pytest.fixture
def record(tmp_path):
    return tmp_path / "sha256" / "vitl.pt.txt"


def fetch(server, output, attempts=3, sha256=None):
    record = output.parents[1] / "sha256" / "vitl.pt.txt"
    download(server.url, output, record, sha256, attempts=attempts, pause_s=0.01)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def assert_whole(output, data=DATA):
    assert output.read_bytes() == data
    assert [path.name for path in output.parent.iterdir()] == ["vitl.pt"]


def test_whole_download(server, output, capfd):
    fetch(server, output)
    assert_whole(output)
    assert server.requests == [None]
    assert "vitl.pt" in capfd.readouterr().err  # the progress bar


def test_cut_connections_are_continued_where_they_broke(server, output):
    server.cut_after = [10 * CHUNK, 5 * CHUNK + 7, CHUNK]
    fetch(server, output)
    assert_whole(output)
    assert server.requests == [None] + [f"bytes={k * CHUNK}-" for k in (10, 15, 16)]


def test_a_killed_download_is_continued_by_the_next_run(server, output):
    server.cut_after = [12 * CHUNK] + [0] * 3
    with pytest.raises(ArtifactError, match=r"786432 bytes are kept in .*vitl.pt.part: run again"):
        fetch(server, output)
    assert not output.exists()
    fetch(server, output)
    assert_whole(output)
    assert server.requests[-1] == "bytes=786432-"


def test_a_complete_part_file_is_not_fetched_again(server, output):
    output.parent.mkdir()
    output.with_name("vitl.pt.part").write_bytes(DATA)
    fetch(server, output)
    assert_whole(output)


def test_a_file_that_changed_between_runs_is_fetched_anew(server, output):
    server.cut_after = [12 * CHUNK, 0, 0, 0]
    with pytest.raises(ArtifactError):
        fetch(server, output)
    server.data, server.etag = DATA[::-1], '"two"'
    fetch(server, output)
    assert_whole(output, DATA[::-1])


def test_a_server_without_ranges_sends_everything_again(server, output):
    server.ranges_supported = False
    server.cut_after = [10 * CHUNK]
    fetch(server, output)
    assert_whole(output)


def test_a_server_may_send_a_range_piece_by_piece(server, output):
    server.cut_after = [CHUNK]
    server.most_at_once = 1_000_000
    fetch(server, output)
    assert_whole(output)
    assert len(server.requests) == 4


def test_a_server_without_ranges_that_always_cuts_is_given_up(server, output):
    server.ranges_supported = False
    server.cut_after = [10 * CHUNK, 5 * CHUNK] * 10
    with pytest.raises(ArtifactError, match="could not be downloaded: 3 attempts"):
        fetch(server, output)


def test_passing_server_errors_are_tried_again(server, output):
    server.refusals = [503, 500]
    fetch(server, output)
    assert_whole(output)


def test_a_refusal_is_final_and_says_what_to_do(server, output):
    server.refusals = [404]
    with pytest.raises(ArtifactError, match=r"answered 404 .* encoders.checkpoint_dir"):
        fetch(server, output)
    assert len(server.requests) == 1 and not output.exists()


def test_server_that_announces_more_than_it_has(server, output):
    server.totals = [len(DATA) + 10_000] * 10
    with pytest.raises(ArtifactError, match="could not be downloaded"):
        fetch(server, output)
    assert not output.exists()


def test_server_that_changes_its_mind_about_the_size(server, output):
    server.cut_after = [10 * CHUNK]
    server.totals = [len(DATA), len(DATA) - 500_000]
    with pytest.raises(
        ArtifactError, match=r"announced 3000000 bytes at first and 2500000 bytes now"
    ):
        fetch(server, output)
    assert not output.exists() and not list(output.parent.iterdir())


def test_size_must_be_announced(server, output):
    server.announce_length = False
    with pytest.raises(ArtifactError, match="does not say how large the file is"):
        fetch(server, output)


def test_no_server_at_all(output, record):
    with pytest.raises(ArtifactError, match=r"127.0.0.1:9/vitl.pt could not be downloaded: 2 att"):
        download("http://127.0.0.1:9/vitl.pt", output, record, attempts=2, pause_s=0.01)


def test_too_small_a_disk_is_noticed_before_the_first_byte(server, output, monkeypatch):
    usage = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(ArtifactError, match=r"0.0 GB free and 0.0 GB are still to be downloaded"):
        fetch(server, output)


def test_the_digest_of_the_first_download_outlives_it(server, output, record):
    fetch(server, output)
    assert record.read_text() == f"{digest(DATA)}  {server.url}\n"
    output.unlink()
    fetch(server, output)
    assert_whole(output)
    assert record.read_text() == f"{digest(DATA)}  {server.url}\n"


def test_a_later_download_that_differs_is_refused_with_both_digests(server, output, record):
    fetch(server, output)
    output.unlink()
    server.data = other = DATA[:-1] + b"?"
    with pytest.raises(ArtifactError) as refused:
        fetch(server, output)
    told = str(refused.value)
    assert server.url in told and str(record) in told
    assert f"has SHA-256 {digest(other)}, and an earlier download had {digest(DATA)}" in told
    assert not list(output.parent.iterdir())
    assert digest(DATA) in record.read_text() and digest(other) not in record.read_text()
    # the cure that the message names
    assert f"the key sha256: {digest(other)}" in told
    fetch(server, output, sha256=digest(other))
    assert_whole(output, other)
    assert record.read_text() == f"{digest(other)}  {server.url}\n"


def test_a_download_that_is_not_the_published_file_is_refused(server, output, record):
    fetch(server, output, sha256=digest(DATA))
    output.unlink()
    server.data = DATA[::-1]
    expected = f"{digest(DATA[::-1])}, and weights.sha256 of the model is {digest(DATA)}"
    with pytest.raises(ArtifactError, match=expected):
        fetch(server, output, sha256=digest(DATA))
    assert not list(output.parent.iterdir())


def test_a_continued_download_has_the_digest_of_the_whole(server, output, record):
    server.cut_after = [12 * CHUNK]
    fetch(server, output, sha256=digest(DATA))
    assert digest(DATA) in record.read_text()


def test_a_damaged_record_is_named_and_nothing_is_taken(server, output, record):
    record.parent.mkdir()
    record.write_text("f00  x\n")
    with pytest.raises(ArtifactError, match=r"vitl\.pt\.txt, line 1, is not a SHA-256.*delete the"):
        fetch(server, output)
    assert not output.exists()
