"""Run against the mock: `smsload mock -- pytest`. Each test has a world of its own, by its tenant id; the mock's clock
stands still until a test moves it, so that nothing waits."""

import json
import os
import queue
import threading
import urllib.request
import uuid

import pytest

from sms_client import CallbackReceiver, DownloadFailed, DownloadStalled, Rejected, SmsClient

URL = os.environ["SMSLOAD_URL"]
DEVICE, CHANNEL = "34020000001110000228", "34020000001320000666"
WINDOW = ("2025-04-04T21:36:17", "2025-04-04T21:46:17")


class Mock:
    """The control interface of one world."""

    def __init__(self, tenant: str):
        self.headers = {"tenant-id": tenant, "Content-Type": "application/json"}
        self.seconds = 0.0
        self.call("PUT", "clock", {"paused": True})

    def call(self, method: str, path: str, body: object = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{URL}/__mock/{path}", data, self.headers, method=method)
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()

    def advance(self, seconds: float) -> None:
        self.call("POST", "clock/advance", {"seconds": seconds})
        self.seconds += seconds

    def job(self, stream_id: str, action: str) -> None:
        self.call("POST", f"jobs/{stream_id}/{action}")


@pytest.fixture
def tenant() -> str:
    return f"python-{uuid.uuid4()}"


@pytest.fixture
def mock(tenant: str) -> Mock:
    return Mock(tenant)


@pytest.fixture
def client(tenant: str) -> SmsClient:
    return SmsClient(URL, tenant_id=tenant)


def wait(client: SmsClient, mock: Mock, stream_id: str, stall_after: float = 60.0):
    return client.wait(stream_id, 5.0, stall_after, sleep=mock.advance, now=lambda: mock.seconds)


def ends(receiver: CallbackReceiver, mock: Mock):
    """Moves the clock until the end was told; what comes meanwhile must not go back."""
    last = -1.0
    for _ in range(200):
        try:
            stream_id, progress = receiver.events.get(timeout=0.2)
        except queue.Empty:
            mock.advance(5)
            continue
        assert progress.percent >= last
        last = progress.percent
        if progress.is_finished:
            return stream_id, progress
    pytest.fail("the end was not told")


def test_follow_by_asking_and_fetch(client, mock, tmp_path):
    download = client.start(DEVICE, CHANNEL, *WINDOW)
    assert download.duration == 600
    progress = wait(client, mock, download.stream_id)
    client.fetch(progress.file_url, str(tmp_path / "recording.mp4"), download.size)
    assert (tmp_path / "recording.mp4").stat().st_size == download.size
    assert not (tmp_path / "recording.mp4.part").exists()


def test_a_broken_transfer_goes_on_where_it_was(client, mock, tmp_path):
    download = client.start(DEVICE, CHANNEL, "2025-04-04T21:36:17", "2025-04-04T21:36:27")
    progress = wait(client, mock, download.stream_id)
    whole, resumed = str(tmp_path / "whole.mp4"), str(tmp_path / "resumed.mp4")
    client.fetch(progress.file_url, whole, download.size)
    with open(whole, "rb") as source, open(f"{resumed}.part", "wb") as part:
        part.write(source.read(download.size // 2))
    client.fetch(progress.file_url, resumed, download.size)
    with open(whole, "rb") as a, open(resumed, "rb") as b:
        assert a.read() == b.read()


def test_follow_by_callback(client, mock, tmp_path):
    with CallbackReceiver() as receiver:
        download = client.start(DEVICE, CHANNEL, *WINDOW, callback=receiver.url)
        stream_id, progress = ends(receiver, mock)
    assert stream_id == download.stream_id
    client.fetch(progress.file_url, str(tmp_path / "recording.mp4"), download.size)


def test_a_stall_is_noticed_and_survived(client, mock):
    download = client.start(DEVICE, CHANNEL, *WINDOW)
    mock.advance(5)
    mock.job(download.stream_id, "stall")
    with pytest.raises(DownloadStalled):
        wait(client, mock, download.stream_id, stall_after=30)
    mock.job(download.stream_id, "resume")
    assert wait(client, mock, download.stream_id).is_finished


def test_a_failed_download_is_started_again(client, mock):
    download = client.start(DEVICE, CHANNEL, *WINDOW)
    mock.advance(5)
    mock.job(download.stream_id, "fail")
    with pytest.raises(DownloadFailed):
        wait(client, mock, download.stream_id)
    again = client.start(DEVICE, CHANNEL, *WINDOW)
    assert again.stream_id != download.stream_id
    assert wait(client, mock, again.stream_id).is_finished


def test_the_receiver_restarts(client, mock):
    with CallbackReceiver() as receiver:
        download = client.start(DEVICE, CHANNEL, *WINDOW, callback=receiver.url)
        receiver.stop()
        mock.advance(10)
        receiver.start()
        stream_id, _ = ends(receiver, mock)
    assert stream_id == download.stream_id


def test_a_rejection_says_what_is_wrong(client):
    # A device that ends with 404 is unknown to the mock. To ask for one is no breach of the contract, which would fail
    # the run; a start after the end would be.
    with pytest.raises(Rejected) as rejected:
        client.start("34020000001110000404", CHANNEL, *WINDOW)
    assert rejected.value.code == "40401"
    assert "device" in rejected.value.message
    with pytest.raises(DownloadFailed):
        client.progress("download:nobody:knows:this")


def test_many_downloads_at_once(client, mock):
    ids: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: ids.append(client.start(DEVICE, CHANNEL, WINDOW[0], f"2025-04-04T22:00:{n:02}").stream_id))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 20
    mock.advance(3600)
    assert all(client.progress(stream_id).is_finished for stream_id in ids)
