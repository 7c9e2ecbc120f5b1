"""What the guards allow of the verdicts, before anything is done; and the outcomes there can be.

The plan is the same in report and in enforce mode: what it lets through is ``would_stop``, and only :mod:`reaper.sweep.act`
turns that into anything else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reaper.core import durations
from reaper.core.guards import outside_hours, over_the_cap, too_young
from reaper.core.judge import Verdict, VerdictKind
from reaper.core.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reaper.core.policy.model import Guards
    from reaper.core.session import ScopeKey, Session, SessionRef


@dataclass(frozen=True, slots=True)
class Judged:
    """A session and the verdict on it, with the facts that led there."""

    session: Session
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """One session in the report. ``detail`` says why, in plain words.

    ``allowed`` is true where the plan allows the stop: nothing else is ever acted on.
    """

    session: Session
    verdict: Verdict
    outcome: Outcome
    detail: str = ""
    allowed: bool = False

    @property
    def ref(self) -> SessionRef:
        """Which session it is."""
        return self.session.ref


NOT_IN_PLAN = "not in the plan that is being applied"
NEVER_STOPS = "nothing remembers when its grace began, so it is warned and never stopped"


def plan(
    judged: Iterable[Judged],
    live: Mapping[ScopeKey, int],
    guards: Guards,
    now: float,
    *,
    only: frozenset[SessionRef] | None = None,
) -> tuple[Finding, ...]:
    """One finding per judged session, in the order given; ``keep`` has none.

    ``live`` is how many live sessions were seen in each scope. With ``only``, a stop outside it is not in the plan, and
    the caps count what is.
    """
    closed = outside_hours(guards, now)
    findings = [
        _first(one, guards, now, closed=closed, planned=only is None or one.session.ref in only)
        for one in judged
        if one.verdict.kind is not VerdictKind.KEEP
    ]
    allowed = Counter(finding.ref.key for finding in findings if finding.allowed)
    capped = {scope: over_the_cap(stops, live.get(scope, 0), scope, guards) for scope, stops in allowed.items()}
    return tuple(
        replace(finding, outcome=Outcome.WITHHELD, detail=why, allowed=False)
        if finding.allowed and (why := capped[finding.ref.key]) is not None
        else finding
        for finding in findings
    )


def _first(one: Judged, guards: Guards, now: float, *, closed: str | None, planned: bool) -> Finding:
    """The finding as far as this session alone decides it."""
    verdict, outcome = one.verdict, _OUTCOMES[one.verdict.kind]
    if outcome is not Outcome.WOULD_STOP:
        return Finding(one.session, verdict, outcome, verdict.detail)
    if verdict.grace is not None:
        return Finding(
            one.session, verdict, Outcome.WARNED, f"grace of {durations.format(verdict.grace)}: {NEVER_STOPS}"
        )
    if not planned:
        return Finding(one.session, verdict, Outcome.WOULD_STOP, NOT_IN_PLAN)
    withheld = too_young(one.session, guards, now) or closed
    if withheld is not None:
        return Finding(one.session, verdict, Outcome.WITHHELD, withheld)
    return Finding(one.session, verdict, Outcome.WOULD_STOP, verdict.detail, allowed=True)


_OUTCOMES = {
    VerdictKind.PROTECT: Outcome.PROTECTED,
    VerdictKind.REPORT: Outcome.REPORTED,
    VerdictKind.UNDETERMINED: Outcome.UNDETERMINED,
    VerdictKind.STOP: Outcome.WOULD_STOP,
}
