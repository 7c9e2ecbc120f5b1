"""Where the recording of a sweep lies: ``facts/v1/dt=2027-01-15/080000Z_<run_id>.jsonl.gz``, dates and times in UTC.

Its whole report lies beside it: ``reports/v1/dt=2027-01-15/080000Z_<run_id>.json.gz``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from reaper.history.rows import SCHEMA

ROOT: Final = f"facts/v{SCHEMA}/"
SUFFIX: Final = ".jsonl.gz"

REPORTS_SCHEMA: Final = 1
"""The newest layout of archived reports this release reads, and the one it writes."""
REPORTS: Final = "reports/"
REPORTS_SUFFIX: Final = ".json.gz"

_NAME: Final = re.compile(r"(?:.*/)?dt=([^/]*)/(\d{6}Z)_([^/]+)\.jsonl\.gz", re.DOTALL)
_VERSION: Final = re.compile(r"(?:.*/)?facts/v(\d{1,9})/dt=[^/]*/[^/]*", re.DOTALL)
_REPORT: Final = re.compile(r"(?:.*/)?reports/v(\d{1,9})/dt=([^/]*)/([^/]*)", re.DOTALL)
_REPORT_NAME: Final = re.compile(r"(\d{6}Z)_([^/]+)\.json\.gz", re.DOTALL)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Place:
    """What a recording's key tells: when its sweep began (UTC, to the second), which it was, and the schema where it says."""

    began: datetime
    run_id: str
    version: int | None

    @property
    def day(self) -> date:
        """The day it lies under."""
        return self.began.date()


def key_of(run_id: str, started_at: float) -> str:
    """The key of the sweep's recording; in order of time when sorted. ``started_at`` is epoch seconds."""
    return f"{ROOT}{_dated(run_id, started_at)}{SUFFIX}"


def report_key_of(run_id: str, started_at: float) -> str:
    """The key of the sweep's report; in order of time when sorted. ``started_at`` is epoch seconds."""
    return f"{REPORTS}v{REPORTS_SCHEMA}/{_dated(run_id, started_at)}{REPORTS_SUFFIX}"


def read_key(key: str) -> Place | None:
    """What ``key``, or a path that ends like one, tells; ``None`` where it is no recording's."""
    match = _NAME.fullmatch(key)
    if match is None:
        return None
    began = _moment(match[1], match[2])
    version = _VERSION.fullmatch(key)
    return began and Place(began, match[3], int(version[1]) if version else None)


def is_of_reports(key: str) -> bool:
    """Whether ``key``, or a path that ends like one, is where reports lie, and not recordings."""
    return _REPORT.fullmatch(key) is not None


def read_report_key(key: str) -> Place | None:
    """What ``key``, or a path that ends like one, tells; ``None`` where it is no report's."""
    match = _REPORT.fullmatch(key)
    name = match and _REPORT_NAME.fullmatch(match[3])
    if not match or not name:
        return None
    began = _moment(match[2], name[1])
    return began and Place(began, name[2], int(match[1]))


def _dated(run_id: str, started_at: float) -> str:
    began = datetime.fromtimestamp(started_at, UTC)
    return f"dt={began:%Y-%m-%d}/{began:%H%M%S}Z_{_UNSAFE.sub('-', run_id) or 'unnamed'}"


def _moment(day: str, clock: str) -> datetime | None:
    try:
        return datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
