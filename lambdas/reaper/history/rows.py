"""One recorded session as one flat row: a JSON object per line, the same columns in every row.

Instants are epoch seconds and durations seconds, as doubles, because those survive every reader unchanged. A fact without
a value is ``null``, and why is told beside it: its name is a key of ``undecidable`` (with the reason), or in
``not_asked``, or in neither, which is absent. ``in_use`` stands for an ``idle_since`` of right now. What was seen as evidence
is not recorded: facts are enough to judge by, and nothing that people wrote in their sessions belongs here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final

from reaper.catalog.services import in_order, scope_parts
from reaper.core.facts import ABSENT, IN_USE, NOT_ASKED, Fact, Facts, Undecidable
from reaper.core.judge import Verdict, VerdictKind
from reaper.core.session import Phase, Session, SessionRef
from reaper.wire.codec import encode as to_json

SCHEMA: Final = 1
"""Of the shape of a row. A reader skips what is newer, and says so."""

_TEXTS: Final = tuple(one.name for one in fields(Facts) if one.type == "Fact[str]")
_NUMBERS: Final = tuple(one.name for one in fields(Facts) if one.type == "Fact[float]")
"""Of the annotations, which are texts: what a fact is has to be said once, where it is declared."""

COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "schema": "BIGINT",
        "run_id": "VARCHAR",
        "sweep_at": "DOUBLE",
        "service": "VARCHAR",
        "account": "VARCHAR",
        "region": "VARCHAR",
        **dict.fromkeys(scope_parts(), "VARCHAR"),
        "other_scope": "MAP(VARCHAR, VARCHAR)",
        "id": "VARCHAR",
        "verdict": "VARCHAR",
        "policy": "VARCHAR",
        "state": "VARCHAR",
        "phase": "VARCHAR",
        "in_use": "BOOLEAN",
        **dict.fromkeys(_NUMBERS, "DOUBLE"),
        **dict.fromkeys(_TEXTS, "VARCHAR"),
        "price_key": "VARCHAR",
        "tags": "MAP(VARCHAR, VARCHAR)",
        "undecidable": "MAP(VARCHAR, VARCHAR)",
        "not_asked": "VARCHAR[]",
    }
)
"""Every column in order, with its SQL type (as DuckDB names it)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read: the session as it was known then, and what the policies of then said of it."""

    session: Session
    verdict: VerdictKind
    policy: str | None


def encode(session: Session, verdict: Verdict) -> bytes:
    """The row of ``session`` as a line of JSON, without the columns that tell the sweep; see :func:`opening`."""
    ref, facts = session.ref, session.facts
    scope = dict(ref.scope)
    other = {part: value for part, value in scope.items() if part not in scope_parts()}
    undecidable: dict[str, str] = {}
    not_asked: list[str] = []

    def value(name: str) -> Any:
        fact = getattr(facts, name)
        if isinstance(fact, Undecidable):
            undecidable[name] = fact.reason
        elif fact is NOT_ASKED:
            not_asked.append(name)
        elif fact is not ABSENT:
            return fact
        return None

    def number(name: str) -> float | None:
        fact = value(name)
        if fact is None or math.isfinite(fact):
            return None if fact is None else float(fact)
        undecidable[name] = f"the service told {fact}, which is no number"
        return None

    in_use = facts.idle_since == IN_USE
    tags = value("tags")
    row = {
        "service": ref.service,
        "account": ref.account,
        "region": ref.region,
        **{part: scope.get(part) for part in scope_parts()},
        "other_scope": other,
        "id": ref.id,
        "verdict": verdict.kind.value,
        "policy": verdict.policy,
        "state": facts.state,
        "phase": value("phase"),
        "in_use": in_use,
        **{name: None if in_use and name == "idle_since" else number(name) for name in _NUMBERS},
        **{name: value(name) for name in _TEXTS},
        "price_key": facts.price_key,
        "tags": None if tags is None else dict(tags),
        "undecidable": undecidable,
        "not_asked": not_asked,
    }
    return to_json(row) + b"\n"


def opening(run_id: str, sweep_at: float) -> bytes:
    """What the columns of the sweep add before the first ``{`` of each of its rows."""
    columns = {"schema": SCHEMA, "run_id": run_id, "sweep_at": float(sweep_at)}
    return to_json(columns)[:-1] + b","


def decode(values: Sequence[Any]) -> Row:
    """The row with ``values`` in the order of :data:`COLUMNS`.

    Raises:
        ValueError: it is no row of this schema.
    """
    row = dict(zip(COLUMNS, values, strict=True))
    named = [row[name] for name in ("service", "account", "region", "id", "state")]
    if not all(isinstance(text, str) for text in named):
        raise ValueError("a row names no session")
    undecidable: Mapping[str, str] = row["undecidable"] or {}
    not_asked: Sequence[str] = row["not_asked"] or ()

    def fact(name: str) -> Fact[Any]:
        if (known := row[name]) is not None:
            return known
        if name in undecidable:
            return Undecidable(undecidable[name] or "no reason was recorded")
        return NOT_ASKED if name in not_asked else ABSENT

    plain: dict[str, Any] = {name: fact(name) for name in (*_NUMBERS, *_TEXTS)}
    if row["in_use"]:
        plain["idle_since"] = IN_USE
    scope = {part: row[part] for part in scope_parts() if row[part] is not None} | dict(row["other_scope"] or {})
    phase, tags = fact("phase"), fact("tags")
    session = Session(
        SessionRef(
            row["service"],
            row["account"],
            row["region"],
            in_order(row["service"], scope),
            row["id"],
        ),
        Facts(
            state=row["state"],
            phase=Phase(phase) if isinstance(phase, str) else phase,
            tags=tags,
            **plain,
            price_key=row["price_key"],
        ),
    )
    return Row(session, VerdictKind(row["verdict"]), row["policy"])
