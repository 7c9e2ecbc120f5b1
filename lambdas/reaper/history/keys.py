"""Where the recording of a sweep lies: ``facts/v1/dt=2027-01-15/080000Z_<run_id>.jsonl.gz``, dates and times in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from reaper.history.rows import SCHEMA

ROOT: Final = f"facts/v{SCHEMA}/"
SUFFIX: Final = ".jsonl.gz"

_NAME: Final = re.compile(r"(?:.*/)?dt=([^/]*)/(\d{6}Z)_([^/]+)\.jsonl\.gz", re.DOTALL)
_VERSION: Final = re.compile(r"(?:.*/)?facts/v(\d{1,9})/dt=[^/]*/[^/]*", re.DOTALL)
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
    began = datetime.fromtimestamp(started_at, UTC)
    return f"{ROOT}dt={began:%Y-%m-%d}/{began:%H%M%S}Z_{_UNSAFE.sub('-', run_id) or 'unnamed'}{SUFFIX}"


def read_key(key: str) -> Place | None:
    """What ``key``, or a path that ends like one, tells; ``None`` where it is no recording's."""
    match = _NAME.fullmatch(key)
    if match is None:
        return None
    try:
        began = datetime.strptime(f"{match[1]} {match[2]}", "%Y-%m-%d %H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    version = _VERSION.fullmatch(key)
    return Place(began, match[3], int(version[1]) if version else None)
