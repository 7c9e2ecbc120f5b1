"""When a READY Glue session was last used, from the statements it was given.

Source: botocore 1.44.5, service model glue 2017-03-31, structure Statement. StartedOn and CompletedOn are plain numbers
there ("the unix time and date"), and no page says in which unit: both seconds and milliseconds are understood. In which
order statements are listed is not said either, so all of them are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reaper.core.facts import IN_USE, Fact, Undecidable
from reaper.core.session import Phase
from reaper.providers.aws.rows import Row, number, text
from reaper.providers.instants import Instants, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OPEN: Final = frozenset({"WAITING", "RUNNING", "CANCELLING"})
_CLOSED: Final = frozenset({"AVAILABLE", "CANCELLED", "ERROR"})
_SOURCE: Final = "(glue:ListStatements)"

_MILLISECONDS_FROM: Final = 1e11
"""As seconds that is the year 5138, as milliseconds it is 1973: nothing near it is ambiguous."""


@dataclass(frozen=True, slots=True)
class Use:
    """What the statements say of ``phase`` and ``idle_since``, and the evidence for people."""

    phase: Fact[Phase]
    idle_since: Fact[float]
    evidence: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Closed:
    number: float
    """Its place in the order of statements; infinite where it has none and may be the last, or bound no other."""
    moment: float | None
    completed: bool
    """Whether ``moment`` is that of the completion; else it is the start, or there is none."""


def use_of(rows: Iterable[Row], created_at: Fact[float], instants: Instants) -> Use:
    """Read statements until one is open, which is proof of use, or to the end.

    A session is idle since the last moment any statement completed; without statements, since it was created. Completion
    that was not given counts as the start. Code and output are never touched.
    """
    closed: list[_Closed] = []
    unknown: str | None = None
    for row in rows:
        state, index = text(row, "State") or "", number(row, "Id")
        if state in _OPEN:
            seen = f"statement {_name(index)} is {state} {_SOURCE}"
            return Use(Phase.BUSY, IN_USE, {"phase": seen, "idle_since": seen})
        if state not in _CLOSED:
            unknown = state or "no state"
        closed.append(_closed(row, index, created_at, instants))
    if unknown is not None:
        doubt = Undecidable(f"Glue reports a statement in the state {unknown!r}, which is not documented")
        return Use(doubt, doubt, {})
    idle_since, seen = _last_use(closed, created_at)
    evidence = {"phase": f"{_statements(len(closed))}, none of them open {_SOURCE}"}
    return Use(Phase.IDLE, idle_since, evidence if seen is None else {**evidence, "idle_since": seen})


def _last_use(closed: list[_Closed], created_at: Fact[float]) -> tuple[Fact[float], str | None]:
    if not closed:
        if not isinstance(created_at, float | int):
            return created_at, None
        return created_at, f"no statement since it was created {instant(created_at)} {_SOURCE}"
    dated = [(statement.moment, statement) for statement in closed if statement.moment is not None]
    # Statements run one after the other, so one without a time is bounded by any later one that has a time.
    newest_dated = max((statement.number for _, statement in dated), default=float("-inf"))
    if any(s.moment is None and s.number >= newest_dated for s in closed):
        return Undecidable("Glue gave no usable time for the last statement"), None
    latest, last = max(dated, key=lambda pair: pair[0])
    if isinstance(created_at, float | int):
        latest = max(latest, created_at)
    word = "completed" if last.completed else "started, with no completion given,"
    return latest, f"last of {_statements(len(closed))} {word} {instant(latest)} {_SOURCE}"


def _closed(row: Row, index: float | None, created_at: Fact[float], instants: Instants) -> _Closed:
    """The statement by its latest usable time; one that cannot be is not usable. 0 and less stand for none."""
    usable: dict[str, float] = {}
    for name in ("StartedOn", "CompletedOn"):
        given = number(row, name)
        if given is not None:
            seconds = given / 1000 if given >= _MILLISECONDS_FROM else float(given)
            read = instants.read(seconds, name, belongs_to=created_at)
            if isinstance(read, float):
                usable[name] = read
            elif name == "CompletedOn" and given > 0:
                # It completed at another time than that, and maybe long after it started.
                usable.clear()
    moment = max(usable.values(), default=None)
    # Without a number, a statement without a time may be the last, and one with a time comes after none for certain.
    nowhere = float("inf") if moment is None else float("-inf")
    return _Closed(nowhere if index is None else index, moment, "CompletedOn" in usable)


def _statements(count: int) -> str:
    return "1 statement" if count == 1 else f"{count} statements"


def _name(index: float | None) -> str:
    return "without a number" if index is None else f"{index:.0f}"
