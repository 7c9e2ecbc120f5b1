"""What one sweep is told to do, and with what."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reaper.core.judge import CompiledBook
from reaper.core.report import Mode, Report
from reaper.core.session import SessionRef
from reaper.sweep.parts import Earlier
from reaper.sweep.ports import CallCounter, HistoryRecorder, Ledger, Progress, Provider
from reaper.sweep.walk import THREADS, silent


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is told of a session: the team, and the IANA name of the timezone they live in."""

    team: str = ""
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What one sweep is told to do.

    ``clock`` gives epoch seconds; ``only`` limits stops to the sessions of a plan; ``ledger`` remembers from sweep to
    sweep, read only if ``forgetful``; ``history`` keeps every live session as it was judged, of this sweep alone. ``tell``
    has people told of the report and returns what went wrong with that; nothing at all means that it was told. ``reader``
    gives who that is, by the owner. Once
    ``in_time`` says no, nothing more is looked at, and once ``stops_in_time`` does (by default the same) nothing more is
    stopped; ``earlier`` is what the parts of this sweep before this one did. ``pause`` waits so many seconds where a service
    asks for patience.
    """

    run_id: str
    mode: Mode
    book: CompiledBook
    providers: Sequence[Provider]
    counter: CallCounter
    clock: Callable[[], float]
    only: frozenset[SessionRef] | None = None
    notes: tuple[str, ...] = ()
    ledger: Ledger | None = None
    forgetful: bool = False
    history: HistoryRecorder | None = None
    tell: Callable[[Report], tuple[str, ...]] | None = None
    reader: Callable[[str | None], Reader] = lambda _owner: Reader()
    progress: Progress = silent
    threads: int = THREADS
    in_time: Callable[[], bool] = lambda: True
    stops_in_time: Callable[[], bool] | None = None
    earlier: Earlier | None = None
    pause: Callable[[float], None] = time.sleep
