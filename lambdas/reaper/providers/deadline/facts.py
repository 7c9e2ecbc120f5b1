"""What a session row and the list of its actions tell of a Deadline Cloud session.

Source of names and enumerations: botocore 1.44.5, service model deadline 2023-10-12, structures WorkerSessionSummary,
GetSessionResponse and SessionActionSummary. That an open action is work, and that its absence is idleness, follows from
how the worker agent uses sessions; no page says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from reaper.core.facts import ABSENT, IN_USE, NOT_ASKED, Fact, Facts, Undecidable
from reaper.core.session import Phase
from reaper.providers.aws.rows import Row, moment, text
from reaper.providers.instants import Instants, instant

_LIVE: Final = frozenset({"STARTED", "UPDATE_IN_PROGRESS", "UPDATE_SUCCEEDED", "UPDATE_FAILED"})
_OPEN: Final = frozenset({"ASSIGNED", "SCHEDULED", "RUNNING", "CANCELING", "RECLAIMING"})
_RAN: Final = frozenset({"SUCCEEDED", "FAILED", "INTERRUPTED"})
_MAY_NOT_HAVE_RUN: Final = frozenset({"CANCELED", "NEVER_ATTEMPTED", "RECLAIMED"})
_SOURCE: Final = "(deadline:ListSessionActions)"


def facts_of(row: Row, instants: Instants) -> Facts:
    """What the row tells; the use of a live session and its tags are ``NOT_ASKED``."""
    state = text(row, "lifecycleStatus") or ""
    started = instants.read(moment(row, "startedAt"), "startedAt")
    phase, idle_since = _use(row, state, instants)
    return Facts(
        state=state,
        phase=phase,
        created_at=Undecidable("Deadline Cloud gave no start time") if started is None else started,
        idle_since=idle_since,
        idle_timeout=ABSENT,
    )


def _use(row: Row, state: str, instants: Instants) -> tuple[Fact[Phase], Fact[float]]:
    if state == "ENDED":
        return Phase.ENDED, ABSENT
    if row.get("endedAt") is not None:
        ended = instants.read(moment(row, "endedAt"), "endedAt")
        if isinstance(ended, float):
            return Phase.ENDED, ABSENT
        # It may be running: not to list it as ended is what keeps it from being hidden.
        nonsense = (
            ended if isinstance(ended, Undecidable) else Undecidable("Deadline Cloud gave an endedAt that is no time")
        )
        return nonsense, nonsense
    if text(row, "targetLifecycleStatus") is not None:
        return Phase.STOPPING, ABSENT
    if state in _LIVE:
        return NOT_ASKED, NOT_ASKED
    said = f"the lifecycle status {state!r}, which is not documented" if state else "no lifecycle status"
    unknown = Undecidable(f"Deadline Cloud reports {said}")
    return unknown, unknown


@dataclass(frozen=True, slots=True)
class Use:
    """What the actions say of ``phase`` and ``idle_since``, and the evidence for people."""

    phase: Fact[Phase]
    idle_since: Fact[float]
    evidence: Mapping[str, str]


def use_of(rows: Iterable[Row], started: Fact[float], instants: Instants) -> Use:
    """Read actions until one is open, which is proof of use, or to the end.

    A session is idle since the last moment any action ended; without actions, since it started.
    """
    count, latest, undated = 0, 0.0, False
    unknown: str | None = None
    for row in rows:
        count += 1
        status = text(row, "status") or ""
        if status in _OPEN:
            seen = f"action {text(row, 'sessionActionId') or 'without an id'} is {status} {_SOURCE}"
            return Use(Phase.BUSY, IN_USE, {"phase": seen, "idle_since": seen})
        read = instants.read(moment(row, "endedAt"), "endedAt", belongs_to=started)
        ended = read if isinstance(read, float) else None
        if status in _RAN or (status in _MAY_NOT_HAVE_RUN and row.get("startedAt") is not None):
            undated = undated or ended is None
        elif status not in _MAY_NOT_HAVE_RUN:
            unknown = status or "none"
        latest = max(latest, ended or 0.0)
    if unknown is not None:
        doubt = Undecidable(f"Deadline Cloud reports an action with the status {unknown!r}, which is not documented")
        return Use(doubt, doubt, {})
    evidence = {"phase": f"{_actions(count)}, none of them open {_SOURCE}"}
    if undated:
        return Use(Phase.IDLE, Undecidable("Deadline Cloud gave no usable end for an action that has ended"), evidence)
    if not isinstance(started, int | float):
        return Use(Phase.IDLE, started, evidence)
    if latest > started:
        seen = f"last of {_actions(count)} ended {instant(latest)} {_SOURCE}"
    else:
        seen = f"no action ended since it started {instant(started)} {_SOURCE}"
    return Use(Phase.IDLE, max(latest, started), {**evidence, "idle_since": seen})


def _actions(count: int) -> str:
    return "1 action" if count == 1 else f"{count} actions"
