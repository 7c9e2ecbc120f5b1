"""The plan file: what a plan would stop, to be reviewed, and applied later exactly so or not at all.

It carries digests of itself and of the policies it was made with, so that neither can change unnoticed between review
and application. They guard against mistakes; whoever may stop sessions may also make a new plan.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reaper.cli.errors import CommandError
from reaper.cli.text import clean, count, instant
from reaper.core import durations
from reaper.core.session import ScopeKey, SessionRef
from reaper.wire.codec import WireError, builtins_of, convert
from reaper.wire.common import Place
from reaper.wire.common import instant as moment
from reaper.wire.from_sweep import finding_of
from reaper.wire.plan import PLAN_KIND, PLAN_VERSION, Plan, PlannedStop, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reaper.core.report import Report
    from reaper.core.vocabulary import Lens
    from reaper.wire import report as wire

CLOCK_SKEW = 60.0
"""Seconds by which two machines' clocks may differ without anyone being wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """A plan as read. ``created_at`` is real time, ``judged_at`` the moment it was made for, both epoch seconds."""

    name: str
    created_at: float
    judged_at: float
    policy_sha256: str
    scopes: frozenset[ScopeKey]
    """Every service, account and region that was looked at."""
    stops: frozenset[SessionRef]


def plan_document(  # noqa: PLR0913 - all of them named; each is a line of the file
    *,
    report: Report,
    told: wire.Report,
    lens: Lens,
    scopes: Iterable[ScopeKey],
    policy_sha256: str,
    created_at: float,
) -> Plan:
    """The plan of ``report``, which is ``told`` so, ready to be written."""
    allowed = [finding_of(one, lens, report.started_at) for one in report.findings if one.allowed]
    return Plan(
        schema_version=PLAN_VERSION,
        kind=PLAN_KIND,
        created_at=moment(created_at),
        judged_at=moment(report.started_at),
        accounts=tuple(sorted({scope.account for scope in scopes})),
        scopes=tuple(map(Place.at, sorted(scopes, key=str))),
        policy_sha256=policy_sha256,
        stops=tuple(PlannedStop(ref=one.ref, policy=one.policy, facts=one.facts) for one in allowed),
        report=told,
        digest="",
    ).sealed()


def as_text(plan: Plan) -> str:
    """The file's content."""
    return json.dumps(builtins_of(plan), indent=2) + "\n"


def read_plan(path: str) -> PlanFile:
    """The plan in the file at ``path``.

    Raises:
        CommandError: it cannot be read, is no plan, is of a newer version, or was changed after it was made.
    """
    name = clean(path)
    try:
        document: Any = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise CommandError(f"{name} is not a plan: it is not valid JSON; make one with: reaper plan --out") from None
    if not isinstance(document, dict) or document.get("kind") != PLAN_KIND:
        raise CommandError(f"{name} is not a plan; make one with: reaper plan --out {name}")
    if document.get("schema_version") != PLAN_VERSION:
        version = clean(document.get("schema_version"))
        raise CommandError(f"{name} is a plan of version {version}; this release reads version {PLAN_VERSION}")
    if document.get("digest") != digest_of(document):
        raise CommandError(f"{name} was changed after it was made; make a new one with: reaper plan --out {name}")
    try:
        return _parsed(name, convert(document, Plan))
    except WireError as error:
        raise CommandError(f"{name} is not a plan that this release can read: {clean(error)}; make a new one") from None


def check_applicable(plan: PlanFile, *, policy_sha256: str, real_now: float, now: float, max_age: float) -> None:
    """Raise :class:`CommandError` when ``plan`` is stale, or was made with other policies; before any call is made."""
    if plan.policy_sha256 != policy_sha256:
        raise CommandError(f"{plan.name} was made with other policies than these: make a new plan, and review it")
    if plan.created_at > real_now + CLOCK_SKEW:
        raise CommandError(
            f"{plan.name} says it was made at {instant(plan.created_at)}, which is yet to come: check the clocks"
        )
    age = max(real_now - plan.created_at, now - plan.judged_at)
    if age > max_age:
        raise CommandError(
            f"{plan.name} is {durations.format(age)} old, and plans are applied up to {durations.format(max_age)}:"
            " make a new one, or allow more with --plan-max-age"
        )


def check_scopes(plan: PlanFile, scopes: Iterable[ScopeKey]) -> None:
    """Raise :class:`CommandError` when ``plan`` is of another account, or holds stops where nobody is going to look."""
    opened = set(scopes)
    accounts = {(scope.service, scope.region): scope.account for scope in opened}
    foreign = {
        scope.account
        for scope in plan.scopes
        if accounts.get((scope.service, scope.region), scope.account) != scope.account
    }
    same_services = {scope.account for scope in plan.scopes if scope.service in {one.service for one in opened}}
    if foreign or (same_services and same_services.isdisjoint(scope.account for scope in opened)):
        theirs, ours = (
            ", ".join(clean(account) for account in sorted(accounts))
            for accounts in (foreign or same_services, {scope.account for scope in opened})
        )
        raise CommandError(f"{plan.name} was made for account {theirs}, and these credentials are of {ours}")
    outside = sorted({str(ref.key) for ref in plan.stops if ref.key not in opened})
    if outside:
        stops = sum(ref.key not in opened for ref in plan.stops)
        raise CommandError(
            f"{plan.name} holds {count(stops, 'stop')} outside what was selected ({', '.join(map(clean, outside))}):"
            " select those services and regions too, or make a new plan"
        )


def _parsed(name: str, plan: Plan) -> PlanFile:
    return PlanFile(
        name=name,
        created_at=plan.created_at.timestamp(),
        judged_at=plan.judged_at.timestamp(),
        policy_sha256=plan.policy_sha256,
        scopes=frozenset(scope.key() for scope in plan.scopes),
        stops=frozenset(stop.ref.session() for stop in plan.stops),
    )
