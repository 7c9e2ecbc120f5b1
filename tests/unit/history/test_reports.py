"""Whole reports, archived and read again: nothing that lies there wrong stops the rest from being read."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from reaper.core.sightings import PastSweep
from reaper.history.archive import archive
from reaper.history.keys import read_key, report_key_of
from reaper.history.reports import ReportBucket, read_reports, report_source_of
from reaper.history.sinks import DirectorySink
from reaper.history.sources import DirectorySource, Skipped, UnreadableError
from tests.support.archived import HOUR, MONDAY, finding, report
from tests.support.reports import typed

DAY = 24 * HOUR
NAMED = "reports/v1/dt=2027-03-01/100000Z_run-1.json.gz"


def read(path: Path, since: float = MONDAY, until: float = MONDAY + 7 * DAY) -> tuple[list[PastSweep], list[Skipped]]:
    skipped: list[Skipped] = []
    source = report_source_of(str(path), lambda: None)
    return list(read_reports(source, since, until, skipped=skipped)), skipped


def put(folder: Path, key: str, body: bytes) -> None:
    target = folder / key
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body)


def packed(document: object) -> bytes:
    return gzip.compress(json.dumps(document).encode())


def test_a_report_lies_under_the_time_its_sweep_began(tmp_path: Path) -> None:
    archive(DirectorySink(tmp_path), typed(report(MONDAY + 10 * HOUR, run="run-1")))
    assert (tmp_path / NAMED).is_file()


BLIND = {"service": "glue", "account": "1", "region": "r", "scope": {}, "error": "denied"}


def test_what_was_archived_is_read_as_it_was(tmp_path: Path) -> None:
    whole = report(MONDAY + 10 * HOUR, finding("ünïcode \ud800 </script>"), blind=[BLIND])
    archive(DirectorySink(tmp_path), typed(whole))
    (found,), skipped = read(tmp_path)
    assert skipped == []
    assert found.blind == {"glue 1 r": "denied"}
    assert found.sightings[0].id == "ünïcode \ufffd </script>"


def test_reports_come_in_order_of_time(tmp_path: Path) -> None:
    for at in (30, 10, 20):
        archive(DirectorySink(tmp_path), typed(report(MONDAY + at * HOUR, run=f"run-{at}")))
    assert [one.run_id for one in read(tmp_path)[0]] == ["run-10", "run-20", "run-30"]


def test_more_reports_than_are_fetched_ahead_are_all_read(tmp_path: Path) -> None:
    for at in range(40):
        archive(DirectorySink(tmp_path), typed(report(MONDAY + at * HOUR)))
    assert len(read(tmp_path)[0]) == 40


def test_only_reports_of_the_time_are_read(tmp_path: Path) -> None:
    for at in (-1, 0, 5, 6):
        archive(DirectorySink(tmp_path), typed(report(MONDAY + at * HOUR, run=str(at))))
    assert [one.run_id for one in read(tmp_path, MONDAY, MONDAY + 5 * HOUR)[0]] == ["0", "5"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (packed(report(MONDAY))[:-9], "it is cut off: the end is missing"),
        (b"plain text", "it is garbled: it is not what was compressed"),
        (gzip.compress(b"{"), "it is garbled: it is not JSON"),
        (gzip.compress(b"[" * 100_000), "it is no report: Expected `object`, got `array`"),
        (packed([]), "it is no report: Expected `object`, got `array`"),
        (packed({"schema_version": 1}), "it is no report: Object missing required field `run_id`"),
        (
            packed(report(MONDAY) | {"started_at": "yesterday"}),
            "it is no report: Invalid RFC3339 encoded datetime - at `$.started_at`",
        ),
        (packed(report(MONDAY) | {"schema_version": 2}), "a newer release wrote it; update reaper to read it"),
    ],
    ids=["cut off", "text", "half", "deep", "list", "empty", "no time", "newer"],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_read(tmp_path: Path, body: bytes, why: str) -> None:
    put(tmp_path, "reports/v1/dt=2027-03-01/090000Z_bad.json.gz", body)
    archive(DirectorySink(tmp_path), typed(report(MONDAY + 10 * HOUR, run="good")))
    found, skipped = read(tmp_path)
    assert [one.run_id for one in found] == ["good"]
    assert [one.why for one in skipped] == [why]
    assert skipped[0].name.endswith("090000Z_bad.json.gz")


def test_a_newer_layout_is_named(tmp_path: Path) -> None:
    put(tmp_path, "reports/v2/dt=2027-03-01/090000Z_x.json.gz", b"")
    assert [one.why for one in read(tmp_path)[1]] == ["a newer release wrote it; update reaper to read it"]


def test_a_strange_name_among_reports_is_named(tmp_path: Path) -> None:
    put(tmp_path, "reports/v1/dt=2027-03-01/x.json.gz", b"")
    put(tmp_path, "reports/v1/dt=2027-03-01/.hidden.json.gz", b"")
    assert [one.why for one in read(tmp_path)[1]] == ["it is not named as reports are"]


def test_reports_are_nothing_to_those_who_read_recordings(tmp_path: Path) -> None:
    """They lie in the same bucket; a backtest has to leave them alone, not to call them garbled."""
    archive(DirectorySink(tmp_path), typed(report(MONDAY)))
    found = DirectorySource(tmp_path).find(None, None)
    assert (found.days, found.skipped) == ({}, [])
    assert read_key(NAMED) is None


def test_once_there_is_no_time_the_rest_is_named(tmp_path: Path) -> None:
    for at in range(20):
        archive(DirectorySink(tmp_path), typed(report(MONDAY + at * HOUR)))
    skipped: list[Skipped] = []
    asked = iter([True] * 10)
    found = list(
        read_reports(
            report_source_of(str(tmp_path), lambda: None),
            MONDAY,
            MONDAY + DAY,
            skipped=skipped,
            in_time=lambda: next(asked, False),
        )
    )
    assert (len(found), len(skipped)) == (10, 10)
    assert {one.why for one in skipped} == {"there was no time left to read it"}


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="does not exist"):
        read(tmp_path / "none")
    with pytest.raises(UnreadableError, match="names no bucket"):
        report_source_of("s3://", lambda: None)


def test_a_run_id_cannot_lead_anywhere_else() -> None:
    assert report_key_of("../../x", MONDAY) == "reports/v1/dt=2027-03-01/000000Z_..-..-x.json.gz"


class Bucket:
    """S3 of one bucket: lists in order, with prefixes, delimiters and StartAfter, two keys a page."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.refusal: Exception | None = None
        self.listed: list[str] = []
        self.missing: set[str] = set()

    def get_paginator(self, name: str) -> Bucket:
        assert name == "list_objects_v2"
        return self

    def paginate(self, **request: str):
        if self.refusal:
            raise self.refusal
        prefix, after = request["Prefix"], request.get("StartAfter", "")
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        if "Delimiter" in request:
            common = sorted({prefix + key[len(prefix) :].partition("/")[0] + "/" for key in keys})
            yield {"CommonPrefixes": [{"Prefix": one} for one in common]}
            return
        for start in range(0, len(keys), 2):
            self.listed += keys[start : start + 2]
            yield {"Contents": [{"Key": key} for key in keys[start : start + 2]]}

    def get_object(self, **request: str):
        if request["Key"] in self.missing:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[request["Key"]])}


def bucket(days: range, prefix: str = "") -> Bucket:
    reports = [report(MONDAY + day * DAY, run=f"day{day}") for day in days]
    return Bucket(
        {
            prefix + report_key_of(one["run_id"], MONDAY + day * DAY): packed(one)
            for day, one in zip(days, reports, strict=True)
        }
    )


@pytest.mark.parametrize("prefix", ["", "some/where/"])
def test_a_bucket_is_listed_for_the_days_that_are_asked_for(prefix: str) -> None:
    s3 = bucket(range(20), prefix)
    skipped: list[Skipped] = []
    found = list(read_reports(ReportBucket(s3, "b", prefix), MONDAY + 5 * DAY, MONDAY + 7 * DAY, skipped=skipped))
    assert [one.run_id for one in found] == ["day5", "day6", "day7"]
    assert not any("dt=2027-03-05" in key or "dt=2027-03-12" in key for key in s3.listed)


def test_an_object_that_is_gone_is_named() -> None:
    s3 = bucket(range(2))
    s3.missing = {next(iter(s3.objects))}
    skipped: list[Skipped] = []
    assert len(list(read_reports(ReportBucket(s3, "b"), MONDAY, MONDAY + DAY, skipped=skipped))) == 1
    assert [one.why for one in skipped] == ["S3 did not give it: NoSuchKey"]


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2"), "s3:ListBucket on b was denied"),
        (ClientError({"Error": {"Code": "NoSuchBucket"}}, "ListObjectsV2"), "there is no bucket b"),
        (ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectsV2"), "cannot be listed: SlowDown"),
        (EndpointConnectionError(endpoint_url="https://x"), "cannot be listed: Could not connect"),
    ],
)
def test_a_bucket_that_cannot_be_listed_is_no_empty_one(refusal: Exception, why: str) -> None:
    s3 = bucket(range(2))
    s3.refusal = refusal
    with pytest.raises(UnreadableError, match=why):
        list(read_reports(ReportBucket(s3, "b"), MONDAY, MONDAY + DAY, skipped=[]))
