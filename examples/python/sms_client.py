"""A client of the recording-download API: start a download, follow it, fetch the file. Standard library only.

    client = SmsClient("http://127.0.0.1:4010")
    download = client.start(device, channel, "2025-04-04T21:36:17", "2025-04-04T21:46:17")
    progress = client.wait(download.stream_id)
    client.fetch(progress.file_url, "recording.mp4", download.size)
"""

from __future__ import annotations

import http.server
import json
import os
import queue
import secrets
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Callable


class SmsError(Exception):
    """The server answered something that is neither an acceptance nor a rejection, or not at all."""


class Rejected(SmsError):
    """The server said no. `code` is its own table's; `message` names what is wrong."""

    def __init__(self, code: str, message: str):
        super().__init__(f"{message} (code {code})")
        self.code = code
        self.message = message


class DownloadFailed(SmsError):
    """A download that was accepted has failed, or is not known any more; start it again."""


class DownloadStalled(SmsError):
    """A download has made no progress for too long. It may go on later; `stream_id` stays valid."""


@dataclass(frozen=True)
class Download:
    stream_id: str
    duration: float
    size: int


@dataclass(frozen=True)
class Progress:
    percent: float
    file_url: str

    @property
    def is_finished(self) -> bool:
        return self.percent >= 100 and bool(self.file_url)


class SmsClient:
    """Speaks to one server. `tenant_id` and `token` are the API's optional headers."""

    BASE = "/api/smsload/playback/v1"

    def __init__(self, url: str, tenant_id: str | None = None, token: str | None = None, timeout: float = 10):
        self.url = url.rstrip("/")
        self.timeout = timeout
        self.headers = {"Content-Type": "application/json"}
        if tenant_id is not None:
            self.headers["tenant-id"] = tenant_id
        if token is not None:
            self.headers["Token"] = token
        # No proxy of the environment between us and the server.
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def start(self, device: str, channel: str, start: str, end: str, callback: str | None = None) -> Download:
        """Starts a download. Times are `YYYY-MM-DDTHH:mm:ss`, the platform's local time."""
        body = {
            "device_unicode": device,
            "source_type": "3",
            "channel": channel,
            "start_time": start,
            "end_time": end,
        }
        if callback is not None:
            body["callback"] = callback
        data = self._call("download", body)
        return Download(data["stream_id"], float(data["playback_duration"]), int(data["playback_file_size"]))

    def progress(self, stream_id: str) -> Progress:
        try:
            data = self._call("queryDownloadProgress", {"stream_id": stream_id})
        except Rejected as rejected:
            raise DownloadFailed(str(rejected)) from rejected
        return Progress(float(data["download_progress"]), data.get("file_url") or "")

    def wait(
        self,
        stream_id: str,
        poll: float = 1.0,
        stall_after: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> Progress:
        """Asks until the download is finished. Raises DownloadFailed, or DownloadStalled after `stall_after` seconds
        without progress."""
        last, since = -1.0, now()
        while True:
            progress = self.progress(stream_id)
            if progress.is_finished:
                return progress
            if progress.percent > last:
                last, since = progress.percent, now()
            elif now() - since >= stall_after:
                raise DownloadStalled(f"no progress beyond {last:g} % for {stall_after:g} s")
            sleep(poll)

    def fetch(self, file_url: str, path: str, size: int, attempts: int = 3) -> None:
        """Fetches the file. What is there already of an earlier try is not fetched again; the name appears only once
        the file is whole."""
        part = f"{path}.part"
        for attempt in range(1, attempts + 1):
            have = os.path.getsize(part) if os.path.exists(part) else 0
            if have >= size > 0:
                break
            try:
                self._fetch_rest(file_url, part, have)
            except (OSError, urllib.error.URLError) as error:
                if attempt == attempts:
                    raise SmsError(f"cannot fetch {file_url}: {error}") from error
        have = os.path.getsize(part)
        if size > 0 and have != size:
            raise SmsError(f"{file_url} has {have} bytes, and {size} were announced")
        os.replace(part, path)

    def _fetch_rest(self, file_url: str, part: str, have: int) -> None:
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self._open(urllib.request.Request(file_url, headers=headers), timeout=self.timeout) as answer:
            # A server may answer a range with the whole (200); then it begins again.
            with open(part, "ab" if answer.status == 206 else "wb") as out:
                while block := answer.read(1 << 16):
                    out.write(block)

    def _call(self, operation: str, body: dict) -> dict:
        request = urllib.request.Request(
            f"{self.url}{self.BASE}/{operation}", json.dumps(body).encode(), self.headers, method="POST"
        )
        try:
            with self._open(request, timeout=self.timeout) as answer:
                status, raw = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, raw = error.code, error.read()
        except (OSError, urllib.error.URLError) as error:
            raise SmsError(f"{request.full_url} does not answer: {error}") from error
        try:
            envelope = json.loads(raw)
            code, message = envelope["code"], envelope["message"]
        except (ValueError, KeyError, TypeError):
            raise SmsError(f"{request.full_url} answered HTTP {status} without an envelope") from None
        # A rejection is HTTP 4xx, or HTTP 200 with another code than "0": the API allows both.
        if code != "0" or status >= 400:
            raise Rejected(code, message)
        return envelope["data"]


class CallbackReceiver:
    """Receives progress callbacks. The path is unguessable; deliveries may come twice or late, and are put in order
    by what they say: progress never goes back."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0):
        self.path = f"/callback/{secrets.token_urlsafe(16)}"
        self.events: queue.Queue[tuple[str, Progress]] = queue.Queue()
        self.best: dict[str, float] = {}
        self._address = (host, port)
        self._server: http.server.ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://{self._address[0]}:{self._address[1]}{self.path}"

    def start(self) -> None:
        """Listens; after a stop on the same port, so that the address given to the server stays right."""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                known = self.path == receiver.path and length <= 1 << 16
                body = self.rfile.read(length) if known else b""
                status = receiver._take(body) if known else 404
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(self._address, Handler)
        self._server.daemon_threads = True
        self._address = self._server.server_address[:2]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _take(self, body: bytes) -> int:
        try:
            told = json.loads(body)
            progress = Progress(float(told["downloadProgress"]), told.get("fileUrl") or "")
            stream_id = told["streamId"]
        except (ValueError, KeyError, TypeError):
            return 400
        if progress.percent >= self.best.get(stream_id, -1.0):
            self.best[stream_id] = progress.percent
            self.events.put((stream_id, progress))
        return 204

    def __enter__(self) -> "CallbackReceiver":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
