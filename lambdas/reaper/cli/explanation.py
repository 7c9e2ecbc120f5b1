"""An explanation as one document: the public JSON of ``reaper explain``, from which its text is made too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reaper.catalog.services import specs
from reaper.cli.text import duration, instant
from reaper.core import durations
from reaper.core.explain import Explanation, PolicyExplanation, explain
from reaper.core.guards import describe_hours, outside_hours, too_young
from reaper.core.judge import Verdict, VerdictKind, judge
from reaper.core.outcome import Outcome
from reaper.core.pin import KEEP_UNTIL
from reaper.core.plan import Finding
from reaper.core.report import rfc3339
from reaper.core.session import Phase, Session
from reaper.core.truth import Open, Truth, tell
from reaper.core.vocabulary import VOCABULARY, read_age
from reaper.wire.codec import builtins_of
from reaper.wire.common import Ref
from reaper.wire.from_sweep import blind_of, facts_of

if TYPE_CHECKING:
    from reaper.cli.lookup import Found
    from reaper.core.judge import CompiledBook
    from reaper.core.policy.model import Guards

EXPLANATION_VERSION = 1
_WEEK = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class When:
    """The first moment (epoch seconds) an enforcing sweep would stop it if nothing changes, and what to say of it."""

    at: float | None
    sentence: str


def explanation_document(book: CompiledBook, found: Found, now: float) -> dict[str, Any]:
    """Why the session is judged as it is at ``now``, what the guards say, and what a person can do."""
    session = _with_all_evidence(found.session, found.listed)
    explanation = explain(book, session, now)
    verdict, finding = explanation.verdict, found.finding
    when = when_stopped(book, session, explanation, finding, now)
    return {
        "schema_version": EXPLANATION_VERSION,
        "ref": builtins_of(Ref.of(session.ref)),
        "facts": builtins_of(facts_of(session, book.lens, now, VOCABULARY)),
        "verdict": verdict.kind.value,
        "policy": verdict.policy,
        "detail": verdict.detail,
        "outcome": None if finding is None else finding.outcome.value,
        "outcome_detail": "" if finding is None else finding.detail,
        "judged_at": rfc3339(now),
        "stops_at": None if when.at is None else rfc3339(when.at),
        "when": when.sentence,
        "policies": [_policy(one) for one in explanation.policies],
        "guards": _guards(book.book.guards, found, now),
        "advice": _advice(session, verdict, when, now),
        "blind": [builtins_of(blind_of(one)) for one in found.report.blind],
    }


def when_stopped(
    book: CompiledBook, session: Session, explanation: Explanation, finding: Finding | None, now: float
) -> When:
    """When an enforcing sweep would stop ``session``, for people; grace and guards included."""
    if session.facts.phase is Phase.ENDED:
        return When(None, "it has ended, and there is nothing to stop")
    if explanation.stops_at is None and session.facts.phase is Phase.BUSY:
        return When(None, "not while it is in use")
    if explanation.stops_at is None:
        return When(None, "never, as long as nothing changes but its age and idleness")
    verdict = judge(book, session, explanation.stops_at)
    if isinstance(verdict, Verdict) and verdict.grace is not None:
        begins = _moment(explanation.stops_at, now)
        grace = durations.format(verdict.grace)
        return When(
            None,
            f"never by this command: policy {verdict.policy} begins to hold {begins}, and has a grace of {grace}, which"
            " nothing remembers between runs",
        )
    guards = book.book.guards
    if finding is not None and finding.outcome is Outcome.WITHHELD and too_young(session, guards, now) is None:
        return When(None, f"not in this sweep, because a guard withholds it ({finding.detail})")
    created = session.facts.created_at
    at = max(explanation.stops_at, created + guards.min_age) if isinstance(created, float) else explanation.stops_at
    once_open = ", once the stop hours allow it" if outside_hours(guards, at) is not None else ""
    if at <= now:
        return When(at, f"by the next sweep that enforces, if it still qualifies when checked again{once_open}")
    policy = f" by policy {verdict.policy}" if isinstance(verdict, Verdict) else ""
    return When(
        at, f"from {_moment(at, now)} on{policy}, by a sweep that enforces, if nothing about it changes{once_open}"
    )


def _moment(at: float, now: float) -> str:
    return f"{instant(at)} (now)" if at <= now else f"{instant(at)} (in {duration(at - now)})"


def _with_all_evidence(session: Session, listed: Session) -> Session:
    """The session with an origin for every fact: what was seen where a provider says so, else the call it came from."""
    spec = specs().get(session.ref.service)
    if spec is None:
        return session
    asked = listed.facts.not_asked()
    origins = {name: f"from {origin}" for name, origin in spec.list_evidence.items() if name not in asked}
    for source in spec.sources:
        origins |= dict.fromkeys(source.fields & asked, f"from {source.call}")
    return Session(session.ref, session.facts.with_(evidence={**origins, **session.facts.evidence}))


def _policy(one: PolicyExplanation) -> dict[str, Any]:
    return {
        "name": one.name,
        "then": one.then.value,
        "description": one.description,
        "applies": _truth(one.applies),
        "conditions": [
            {
                "depth": step.depth,
                "condition": step.text,
                "holds": _truth(step.truth),
                "value": step.value,
                "evidence": step.evidence,
            }
            for step in one.steps
        ],
    }


def _truth(truth: Truth) -> bool | dict[str, str]:
    return {"undecidable": tell(truth.doubts) or "not decided"} if isinstance(truth, Open) else truth


def _guards(guards: Guards, found: Found, now: float) -> list[dict[str, Any]]:
    """What each guard says of a stop of this session in this sweep."""
    scope = found.session.ref.key
    stops = sum(one.ref.key == scope and _counts_for_the_caps(one) for one in found.report.findings)
    age = read_age(found.session, now)
    old = f"{duration(age)} old" if isinstance(age, float) else "age unknown"
    hours = describe_hours(guards.stop_hours) or "any time"
    would = f"{stops} would be stopped in {scope}"
    few = f", from {guards.min_population} live sessions on" if found.live < guards.min_population else ""
    rows = {
        "min_age": (
            too_young(found.session, guards, now) is None,
            f"{old}; {durations.format(guards.min_age)} needed",
        ),
        "stop_hours": (outside_hours(guards, now) is None, f"stops allowed: {hours}"),
        "max_stops": (stops <= guards.max_stops, f"{would}; {guards.max_stops} allowed in one sweep"),
        "max_stop_share": (
            found.live < guards.min_population or stops <= guards.max_stop_share * found.live,
            f"{would}, of {found.live} live; {guards.max_stop_share:.0%} allowed{few}",
        ),
    }
    if found.finding is not None and found.finding.outcome is Outcome.WITHHELD:
        guard, _, why = found.finding.detail.partition(": ")
        rows[guard if why else "withheld"] = (False, why or guard)
    return [{"guard": guard, "allows": allows, "detail": detail} for guard, (allows, detail) in rows.items()]


def _counts_for_the_caps(finding: Finding) -> bool:
    """A stop that is allowed, or would be but for a cap; withheld ones say which guard it was first."""
    return finding.allowed or (finding.outcome is Outcome.WITHHELD and finding.detail.startswith("max_"))


def _advice(session: Session, verdict: Verdict, when: When, now: float) -> list[str]:
    """What whoever cares about the session can do."""
    if session.facts.phase is Phase.ENDED:
        return []
    advice: list[str] = []
    if verdict.kind is VerdictKind.STOP or when.at is not None:
        until = rfc3339(now + _WEEK)[:10]
        advice.append(
            f"To keep it, set the tag {KEEP_UNTIL}={until} (any date) on it or on what it inherits tags from; using it"
            " keeps it too."
        )
    if verdict.kind is VerdictKind.UNDETERMINED:
        advice.append("It is never stopped while that is undecided; where a permission is missing, grant it.")
    return advice
