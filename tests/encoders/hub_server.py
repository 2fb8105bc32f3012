"""A hub of Hugging Face on this machine: one model, with commits, tokens and cut connections."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPOSITORY = "lab/vjepa2-tiny"
COMMIT = "c0ffee" + "0" * 34


class Hub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.token: str | None = None  # required, where it is given
        self.gated = False
        self.cut_after: int | None = None  # bytes of the next large answer
        self.ranges: list[str | None] = []  # Range headers of downloads
        self.downloads: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        hub = self.server
        path = self.path.partition("?")[0]
        if hub.gated:
            self.refuse(403, "GatedRepo")
        elif hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self.refuse(401, "RepoNotFound")
        elif match := re.fullmatch(rf"/api/models/{REPOSITORY}/revision/(.+)", path):
            self.describe(match[1])
        elif re.fullmatch(rf"/api/models/{REPOSITORY}/tree/(.+)", path):
            self.json([self.entry(name) for name in hub.files])
        elif match := re.fullmatch(rf"/{REPOSITORY}/resolve/([^/]+)/(.+)", path):
            self.file(match[2], body)
        else:
            self.refuse(404, "RepoNotFound")

    def describe(self, revision: str) -> None:
        if revision not in ("main", "v1", COMMIT):
            self.refuse(404, "RevisionNotFound")
            return
        siblings = [{"rfilename": name} for name in self.server.files]
        self.json({"id": REPOSITORY, "sha": COMMIT, "siblings": siblings})

    def entry(self, name: str) -> dict:
        content = self.server.files[name]
        return {"type": "file", "path": name, "size": len(content), "oid": etag(content)}

    def file(self, name: str, body: bool) -> None:
        hub = self.server
        if name not in hub.files:
            self.refuse(404, "EntryNotFound")
            return
        content = hub.files[name]
        start = 0
        if body:
            hub.downloads.append(name)
            wanted = self.headers.get("Range")
            hub.ranges.append(wanted)
            if wanted:
                start = int(re.match(r"bytes=(\d+)-", wanted)[1])
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{etag(content)}"')
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if body:
            rest = content[start:]
            if hub.cut_after is not None and len(rest) > hub.cut_after:
                rest, hub.cut_after = rest[: hub.cut_after], None
            self.wfile.write(rest)

    def json(self, value: object) -> None:
        text = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(text)

    def refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def etag(content: bytes) -> str:
    """As the hub has it: SHA-256 of a large file, another digest of a small one."""
    large = len(content) > 1000
    return (hashlib.sha256 if large else hashlib.sha1)(content).hexdigest()


@contextmanager
def running(files: dict[str, bytes]) -> Iterator[Hub]:
    with Hub(files) as hub:
        thread = threading.Thread(target=hub.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield hub
        hub.shutdown()
        thread.join()
