"""Archived reports, as what the savings are told from. One finding that makes no sense is counted, and spoils no others."""

from __future__ import annotations

import json
import math

import msgspec

from reaper.core.outcome import Outcome
from reaper.core.sightings import LONGEST_IDLE_TOLD, PastSweep, Sighting, SnoozeSeen
from reaper.wire.codec import WireError, decode
from reaper.wire.common import Instant, known_number, known_text
from reaper.wire.report import Blind, Finding, Owners, Regret, Unfinished


class _Report(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a report; each of its findings is read apart."""

    run_id: str
    started_at: Instant
    finished_at: Instant
    findings: tuple[msgspec.Raw, ...]
    blind: tuple[Blind, ...]
    regrets: dict[str, Regret] = {}
    owners: Owners | None = None
    unfinished: Unfinished | None = None
    error: str = ""


def past_sweep(data: bytes) -> PastSweep:
    """The sweep that the report in ``data`` tells of.

    Raises:
        WireError: it is no report.
    """
    told = decode(data, _Report)
    sightings = [_sighting(finding) for finding in told.findings]
    known = tuple(one for one in sightings if one is not None)
    began = told.started_at.timestamp()
    return PastSweep(
        run_id=told.run_id,
        began=began,
        ended=max(began, told.finished_at.timestamp()),
        sightings=known,
        garbled=len(sightings) - len(known),
        is_refused=bool(told.error),
        goes_on=told.unfinished is not None,
        blind={_place(one): one.error for one in told.blind},
        regrets={policy: (one.regrets, one.stops) for policy, one in told.regrets.items()},
        owners=(told.owners.resolved, told.owners.unresolved) if told.owners else None,
    )


def _sighting(data: msgspec.Raw) -> Sighting | None:
    """One finding; ``None`` for what makes no sense."""
    try:
        finding = decode(bytes(data), Finding)
    except WireError:
        return None
    facts, ref, snooze = finding.facts, finding.ref, finding.snooze
    idle_for = known_number(facts.idle_for)
    if not 0 <= (idle_for or 0.0) <= LONGEST_IDLE_TOLD:
        return None
    return Sighting(
        session=json.dumps([ref.service, ref.account, ref.region, ref.scope, ref.id], sort_keys=True),
        service=ref.service,
        id=ref.id,
        outcome=finding.outcome,
        policy=finding.policy or "",
        team=finding.team,
        owner=known_text(facts.owner),
        name=known_text(facts.name) or ref.id,
        age=_amount(facts.age),
        idle_for=idle_for,
        idle_timeout=_amount(facts.idle_timeout),
        hourly_cost=_amount(facts.hourly_cost),
        avoided=finding.avoided_cost if Outcome.read(finding.outcome) is Outcome.STOPPED else None,
        snooze=snooze
        and SnoozeSeen(by=snooze.by, until=snooze.until.timestamp(), at=snooze.at.timestamp(), times=snooze.times),
    )


def _amount(fact: object) -> float | None:
    number = known_number(fact)
    return number if number is not None and 0 <= number < math.inf else None


def _place(blind: Blind) -> str:
    scope = (f"{part} {value}" for part, value in blind.scope.items())
    return " ".join([blind.service, blind.account, blind.region, *scope])
