"""A sweep is recorded whole or not at all, and never fails because of it."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from reaper.core.judge import KEEP
from reaper.history.keys import key_of, read_key
from reaper.history.recorder import SpooledRecorder
from reaper.history.sinks import DirectorySink, S3Sink
from reaper.sweep.ports import HistoryError
from tests.support.sessions import NOW, session


@dataclass
class Run:
    run_id: str = "run-1"
    started_at: float = NOW


@dataclass
class Kept:
    """A sink that keeps recordings as they come, or fails."""

    error: Exception | None = None
    content: dict[str, bytes] = field(default_factory=dict)

    def put(self, key, body):
        if self.error:
            raise self.error
        self.content[key] = body.read()

    def rows(self):
        [content] = self.content.values()
        return [json.loads(line) for line in gzip.decompress(content).splitlines()]


def test_every_session_is_a_line_under_a_dated_key():
    sink = Kept()
    recorder = SpooledRecorder(sink)
    recorder.record(session("a"), KEEP)
    recorder.record(session("b"), KEEP)
    recorder.close(Run())

    assert list(sink.content) == ["facts/v1/dt=2027-01-15/080000Z_run-1.jsonl.gz"]
    assert [(row["run_id"], row["sweep_at"], row["id"]) for row in sink.rows()] == [
        ("run-1", 1800000000.0, "a"),
        ("run-1", 1800000000.0, "b"),
    ]


def test_a_sweep_that_saw_nothing_is_recorded_too():
    sink = Kept()
    SpooledRecorder(sink).close(Run())

    assert sink.rows() == []


def test_sessions_from_many_threads_are_all_there_and_no_line_is_torn():
    sink = Kept()
    recorder = SpooledRecorder(sink)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: recorder.record(session(f"s-{number}"), KEEP), range(2000)))
    recorder.close(Run())

    assert {row["id"] for row in sink.rows()} == {f"s-{number}" for number in range(2000)}


class Discarding:
    def put(self, key, body):  # noqa: ARG002 - a sink
        while body.read(1 << 16):
            pass


def test_memory_is_bounded_however_many_sessions_there_are():
    tracemalloc.start()
    try:
        recorder = SpooledRecorder(Discarding())
        for number in range(20_000):
            recorder.record(session(f"s-{number * 7919 % 1_000_003:x}", name=f"{number * 104_729:x}"), KEEP)
        recorder.close(Run())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * 2**20


def test_one_session_that_cannot_be_recorded_loses_the_recording_and_says_so():
    sink = Kept()
    recorder = SpooledRecorder(sink)
    recorder.record(session("a"), KEEP)
    recorder.record(session("b", kind=1j), KEEP)
    recorder.record(session("c"), KEEP)

    with pytest.raises(HistoryError, match=r"this sweep saw was not recorded: .*complex"):
        recorder.close(Run())
    assert sink.content == {}


@pytest.mark.parametrize(
    "error", [OSError("no space left on device"), ValueError("odd"), HistoryError("no space left")]
)
def test_a_sink_that_fails_is_told_as_a_history_error(error):
    recorder = SpooledRecorder(Kept(error))
    recorder.record(session(), KEEP)

    with pytest.raises(HistoryError, match=r"no space left|odd"):
        recorder.close(Run())


def test_a_sweep_is_not_recorded_twice():
    sink = Kept()
    recorder = SpooledRecorder(sink)
    recorder.close(Run())

    with pytest.raises(HistoryError, match="recorded already"):
        recorder.close(Run())


def test_a_session_after_the_end_raises_nothing():
    recorder = SpooledRecorder(Kept())
    recorder.close(Run())

    recorder.record(session(), KEEP)


@pytest.mark.parametrize(
    ("run_id", "name"),
    [("3f1c-a.b_c", "3f1c-a.b_c"), ("../../etc", "..-..-etc"), ("a b\n", "a-b-"), ("", "unnamed")],
)
def test_a_run_id_cannot_leave_its_day(run_id, name):
    assert key_of(run_id, NOW + 61.5) == f"facts/v1/dt=2027-01-15/080101Z_{name}.jsonl.gz"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("facts/v1/dt=2027-01-15/080000Z_r_1.jsonl.gz", (datetime(2027, 1, 15, 8, tzinfo=UTC), "r_1", 1)),
        ("/copy/of/facts/v1/dt=2027-01-15/235959Z_r.jsonl.gz", (datetime(2027, 1, 15, 23, 59, 59, tzinfo=UTC), "r", 1)),
        ("team/facts/v2/dt=2027-01-15/080000Z_r.jsonl.gz", (datetime(2027, 1, 15, 8, tzinfo=UTC), "r", 2)),
        ("dt=2027-01-15/080000Z_r.jsonl.gz", (datetime(2027, 1, 15, 8, tzinfo=UTC), "r", None)),
        ("facts/v1/dt=2027-02-30/080000Z_r.jsonl.gz", None),
        ("facts/v1/dt=2027-01-15/250000Z_r.jsonl.gz", None),
        ("facts/v1/dt=2027-01-15/080000Z_r.jsonl", None),
        ("facts/v1/dt=2027-01-15/r.jsonl.gz", None),
        ("facts/v1/080000Z_r.jsonl.gz", None),
    ],
)
def test_a_key_tells_when_which_and_in_what_shape(key, expected):
    place = read_key(key)

    assert (None if place is None else (place.began, place.run_id, place.version)) == expected


def test_a_directory_gets_whole_files_and_nothing_else(tmp_path):
    recorder = SpooledRecorder(DirectorySink(tmp_path / "history"))
    recorder.record(session("a"), KEEP)
    recorder.close(Run())

    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file == tmp_path / "history/facts/v1/dt=2027-01-15/080000Z_run-1.jsonl.gz"
    assert json.loads(gzip.decompress(file.read_bytes()))["id"] == "a"


def test_a_directory_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "facts").write_text("in the way")
    recorder = SpooledRecorder(DirectorySink(tmp_path))

    with pytest.raises(HistoryError, match=r"not recorded: .*facts.* cannot be written: "):
        recorder.close(Run())


class Client:
    """Takes what S3 takes, or fails."""

    def __init__(self, error=None):
        self.error = error
        self.requests = []

    def put_object(self, **request):
        if self.error:
            raise self.error
        self.requests.append({**request, "Body": request["Body"].read()})
        return {"ETag": '"0123"'}


@pytest.mark.parametrize(
    ("prefix", "kms_key", "key", "encryption"),
    [
        ("", None, "k", {"ServerSideEncryption": "AES256"}),
        ("/team/a/", None, "team/a/k", {"ServerSideEncryption": "AES256"}),
        (
            "",
            "arn:aws:kms:x",
            "k",
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:x", "BucketKeyEnabled": True},
        ),
    ],
)
def test_an_object_is_put_below_the_prefix_and_encrypted(tmp_path, prefix, kms_key, key, encryption):
    client = Client()
    (tmp_path / "body").write_bytes(b"content")
    with (tmp_path / "body").open("rb") as body:
        S3Sink(client, "bucket", prefix, kms_key=kms_key).put("k", body)

    assert client.requests == [
        {"Bucket": "bucket", "Key": key, "Body": b"content", "ContentType": "application/gzip", **encryption}
    ]


def refused(code):
    return ClientError({"Error": {"Code": code, "Message": "secret of the service"}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (refused("AccessDenied"), "s3:PutObject in bucket/ was denied; grant it, and the use of its key, to the sweep"),
        (refused("NoSuchBucket"), "there is no bucket bucket"),
        (refused("SlowDown"), "s3:PutObject in bucket/ failed: SlowDown"),
        (
            EndpointConnectionError(endpoint_url="https://s3"),
            'S3 could not be asked to keep it in bucket: Could not connect to the endpoint URL: "https://s3"',
        ),
    ],
)
def test_why_s3_did_not_keep_it_is_one_sentence(error, sentence):
    recorder = SpooledRecorder(S3Sink(Client(error), "bucket"))

    with pytest.raises(HistoryError) as caught:
        recorder.close(Run())
    assert str(caught.value) == f"what this sweep saw was not recorded: {sentence}"
