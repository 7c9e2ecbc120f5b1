"""Whole reports, kept one by one, and given back in order of time.

It takes nothing but the SDK and the standard library, because the function that reads them has nothing else. Reports are
read one at a time, a few of them fetched ahead. One that cannot be read is named and left out; nothing here fails for it.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from reaper.core.sightings import PastSweep
from reaper.history.keys import REPORTS, REPORTS_SCHEMA, REPORTS_SUFFIX, is_of_reports, read_report_key
from reaper.history.sources import NEWER, Skipped, UnreadableError
from reaper.wire.codec import NotJsonError, WireError, decode
from reaper.wire.past import past_sweep
from reaper.wire.report import REPORT_VERSION

AHEAD: Final = 8
"""How many reports are fetched at once, and wait to be read."""
LARGEST: Final = 128 << 20
"""Bytes of a report as JSON; more than ten times what 10,000 findings take."""
_CHUNK: Final = 1 << 20
_DENIED: Final = frozenset({"AccessDenied", "Forbidden", "403", "AllAccessDisabled"})


@dataclass(frozen=True, slots=True)
class Archived:
    """One report that lies somewhere. ``name`` is for people, ``key`` is how its source finds it again."""

    name: str
    key: str
    began: float
    run_id: str


class ReportSource(Protocol):
    """Where reports are kept."""

    def find(self, first: date, last: date, skipped: list[Skipped]) -> list[Archived]:
        """The reports of the days from ``first`` to ``last`` (UTC), both included; adds to ``skipped`` what is none.

        Raises:
            UnreadableError: it cannot be told.
        """
        ...

    def read(self, key: str) -> bytes:
        """The bytes that lie there. Raises ``OSError`` or what the SDK raises."""
        ...


class ReportDirectory:
    """Reports anywhere below a directory: what ``--history`` wrote, or a copy of the bucket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, first: date, last: date, skipped: list[Skipped]) -> list[Archived]:
        """What lies below the directory."""
        root = self._path.resolve()
        if not root.is_dir():
            what = "is a file: name the directory it lies in" if root.exists() else "does not exist"
            raise UnreadableError(f"{self._path} {what}")
        found: list[Archived] = []

        def denied(error: OSError) -> None:
            skipped.append(Skipped(str(error.filename), f"it cannot be read: {error.strerror}"))

        for folder, folders, files in os.walk(root, onerror=denied):
            folders.sort()
            for file in sorted(files):
                path = Path(folder, file)
                _take_in(found, skipped, str(self._path / path.relative_to(root)), path.as_posix(), first, last)
        return found

    def read(self, key: str) -> bytes:
        """The file."""
        return Path(key).read_bytes()


class ReportBucket:
    """Reports below ``reports/`` at a prefix of a bucket. ``client`` is botocore's of S3."""

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def find(self, first: date, last: date, skipped: list[Skipped]) -> list[Archived]:
        """What S3 lists; days before ``first`` are not listed at all."""
        found: list[Archived] = []
        root = f"{self._prefix}{REPORTS}"
        try:
            for version in self._versions(root):
                for key in self._keys(version, f"{version}dt={first}", f"{version}dt={last + timedelta(days=1)}"):
                    _take_in(found, skipped, f"s3://{self._bucket}/{key}", key, first, last)
        except ClientError as error:
            raise UnreadableError(self._refused(error)) from error
        except BotoCoreError as error:
            raise UnreadableError(f"s3://{self._bucket} cannot be listed: {error}") from error
        return found

    def read(self, key: str) -> bytes:
        """The object."""
        return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def _versions(self, root: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=root, Delimiter="/")
        return [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", ())]

    def _keys(self, prefix: str, after: str, end: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=after
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                if entry["Key"] >= end:
                    return
                yield entry["Key"]

    def _refused(self, error: ClientError) -> str:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if code in _DENIED:
            return f"s3:ListBucket on {self._bucket} was denied: grant it, and s3:GetObject, to the caller"
        if code == "NoSuchBucket":
            return f"there is no bucket {self._bucket}"
        return f"s3://{self._bucket} cannot be listed: {code}"


def report_source_of(text: str, s3: Callable[[], Any]) -> ReportSource:
    """The source that ``text`` names: ``s3://bucket/prefix``, or a directory. ``s3`` makes a client of S3 if need be.

    Raises:
        UnreadableError: it names neither.
    """
    if not text.startswith("s3://"):
        return ReportDirectory(Path(text))
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    if not bucket:
        raise UnreadableError(f"{text} names no bucket: write s3://BUCKET/PREFIX")
    return ReportBucket(s3(), bucket, prefix)


def read_reports(
    source: ReportSource,
    since: float,
    until: float,
    *,
    skipped: list[Skipped],
    in_time: Callable[[], bool] = lambda: True,
) -> Iterator[PastSweep]:
    """Each sweep that began from ``since`` to ``until`` (epoch seconds, both included) as its report tells it, by time.

    Adds to ``skipped`` what lies there and was not read, and why; complete once this is at its end. Once ``in_time`` says
    no, nothing more is fetched: the rest is skipped.

    Raises:
        UnreadableError: there is no telling what lies there.
    """
    first, last = (datetime.fromtimestamp(moment, UTC).date() for moment in (since, until))
    found = source.find(first, last, skipped)
    # Keys tell the moment to the second.
    wanted = sorted(
        (one for one in found if int(since) <= one.began <= until), key=lambda one: (one.began, one.run_id, one.key)
    )
    waiting: deque[tuple[Archived, Future[bytes]]] = deque()
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="reports") as pool:
        rest = iter(wanted)
        late: list[Archived] = []

        def fetch_ahead() -> None:
            while len(waiting) < AHEAD and (one := next(rest, None)) is not None:
                if in_time():
                    waiting.append((one, pool.submit(source.read, one.key)))
                else:
                    late.append(one)

        fetch_ahead()
        while waiting:
            one, body = waiting.popleft()
            try:
                report = _opened(body.result())
            except _UnreadableReportError as error:
                skipped.append(Skipped(one.name, str(error)))
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "unknown")
                skipped.append(Skipped(one.name, f"S3 did not give it: {code}"))
            except (BotoCoreError, OSError) as error:
                skipped.append(Skipped(one.name, f"it cannot be read: {error}"))
            else:
                yield report
            fetch_ahead()
        skipped += [Skipped(one.name, "there was no time left to read it") for one in late]


class _UnreadableReportError(Exception):
    """It is no report that can be read. ``str(error)`` says why."""


def _opened(body: bytes) -> PastSweep:
    try:
        with gzip.open(io.BytesIO(body)) as stream:
            text = stream.read(LARGEST + 1)
    except EOFError:
        raise _UnreadableReportError("it is cut off: the end is missing") from None
    except (gzip.BadGzipFile, zlib.error):
        raise _UnreadableReportError("it is garbled: it is not what was compressed") from None
    if len(text) > LARGEST:
        raise _UnreadableReportError("it is larger than any report")
    try:
        if decode(text, _Version).schema_version > REPORT_VERSION:
            raise _UnreadableReportError(NEWER)
        return past_sweep(text)
    except NotJsonError:
        raise _UnreadableReportError("it is garbled: it is not JSON") from None
    except WireError as error:
        raise _UnreadableReportError(f"it is no report: {error}") from None


class _Version(Struct, frozen=True):
    schema_version: int


def _take_in(found: list[Archived], skipped: list[Skipped], name: str, key: str, first: date, last: date) -> None:  # noqa: PLR0913, PLR0917 - all of them decide it
    """Sort in whatever lies under ``key``; what has nothing to do with reports is left alone."""
    place = read_report_key(key)
    if place is None:
        if is_of_reports(key) and key.endswith(REPORTS_SUFFIX) and not key.rpartition("/")[2].startswith("."):
            skipped.append(Skipped(name, "it is not named as reports are"))
    elif not first <= place.day <= last:
        return
    elif place.version is not None and place.version > REPORTS_SCHEMA:
        skipped.append(Skipped(name, NEWER))
    else:
        found.append(Archived(name, key, place.began.timestamp(), place.run_id))
