"""Sessions in every state that somebody can meet behind a link, as the ledger remembers them at :data:`NOW`."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reaper.core.memory import Card, Claim, Hurry, Memory, Snooze
from reaper.core.outcome import Outcome
from reaper.core.session import SessionRef

NOW: Final = 1772362800.0  # Sunday, 2026-03-01T11:00:00Z
_MINUTE, _HOUR = 60.0, 3600.0
HOSTILE: Final = (
    "<script>document.title = 'owned'</script><img src=x onerror=alert(1)> \u202egpj.exe <!channel> " + "y" * 10_000
)


def _memory(id_: str, card: Card, **other: object) -> Memory:
    basic = Memory(
        ref=SessionRef("glue", "123456789012", "eu-central-1", (), id_),
        first_matched=NOW - 5 * _MINUTE,
        last_matched=NOW - 5 * _MINUTE,
        policy="glue-idle",
        held_since=NOW - 5 * _MINUTE,
        outcome=Outcome.WARNED,
        outcome_since=NOW - 5 * _MINUTE,
        idle_cost=18.48,
        card=card,
        version=0,
    )
    return replace(basic, **other)  # type: ignore[arg-type] - fields of Memory


_CARD = Card(
    name="churn-exploration",
    owner="ana",
    team="data science",
    state="READY",
    idle_since=NOW - 4.2 * _HOUR,
    evidence="statement 7 completed 2026-03-01T06:48:00Z",
    hourly_cost=4.4,
    detail="A Glue session nobody has run a statement in for an hour.",
    due=NOW + 40 * _MINUTE,
    snooze_max=24 * _HOUR,
    snooze_times=3,
    timezone="Europe/Berlin",
    acts=True,
)
_ONCE = Snooze(until=NOW + 4 * _HOUR, by="ana@example.com", at=NOW - _MINUTE, times=1)

SESSIONS: Final = {
    "warned": _memory("warned", _CARD),
    "short": _memory("short", replace(_CARD, snooze_max=2 * _HOUR)),
    "reported": _memory("reported", replace(_CARD, acts=False, due=None), outcome=Outcome.WOULD_STOP),
    "snoozed": _memory("snoozed", _CARD, snooze=_ONCE, outcome=Outcome.SNOOZED),
    "spent": _memory("spent", _CARD, snooze=replace(_ONCE, until=NOW - _MINUTE, at=NOW - 5 * _HOUR, times=3)),
    "hurried": _memory("hurried", _CARD, hurry=Hurry(at=NOW - _MINUTE, by="ana@example.com")),
    "claimed": _memory("claimed", _CARD, claim=Claim(run_id="r", at=NOW - 5, policy="glue-idle")),
    "stopped": _memory("stopped", _CARD, outcome=Outcome.STOPPED, stopped_at=NOW - _MINUTE, stopped_by="glue-idle"),
    "confirmed": _memory(
        "confirmed",
        _CARD,
        outcome=Outcome.CONFIRMED,
        stopped_at=NOW - _HOUR,
        stopped_by="glue-idle",
        confirmed_at=NOW - 60,
    ),
    "lingering": _memory("lingering", _CARD, outcome=Outcome.NOT_STOPPING, stopped_at=NOW - _HOUR),
    "ended": _memory("ended", _CARD, outcome=Outcome.ALREADY_GONE),
    "hostile": _memory(
        "hostile",
        replace(_CARD, name=HOSTILE, owner=HOSTILE, team=HOSTILE, state=HOSTILE, evidence=HOSTILE, detail=HOSTILE),
    ),
    "bare": _memory("bare", Card()),
}
"""Its state -> the session in it; the session's id is the same word."""
