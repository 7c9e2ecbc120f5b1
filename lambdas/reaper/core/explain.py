"""Why a session got its verdict: each condition, its value, its evidence, and when it would be stopped.

It reads the same closures :func:`~reaper.core.judge.judge` reads, one condition at a time, so that an explanation cannot
disagree with what is done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reaper.core import durations
from reaper.core.facts import ABSENT, NOT_ASKED, Missing, Undecidable
from reaper.core.judge import CompiledBook, Needs, Verdict, VerdictKind, judge, stop_holds
from reaper.core.pin import read_pin
from reaper.core.policy.compile import CompiledPolicy, compile_condition
from reaper.core.policy.model import (
    Action,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    FactRef,
    Leaf,
    Not,
    Presence,
    TagPresence,
    TagTest,
    TextTest,
)
from reaper.core.truth import Truth
from reaper.core.vocabulary import VOCABULARY, FactType, Lens, read_hourly_cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reaper.core.session import Session


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an explanation, indented by ``depth``.

    ``text`` is the condition as it could be written in the file, ``value`` what the session has, ``evidence`` how that is
    known (empty for what needs none).
    """

    depth: int
    text: str
    truth: Truth
    value: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class PolicyExplanation:
    """One policy: whether it applies, and why. ``applies`` includes the floor under every stop."""

    name: str
    then: Action
    description: str
    applies: Truth
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict and every policy's part in it.

    ``stops_at`` is the first moment (epoch seconds) from ``now`` on at which the policies would stop it if nothing about
    it changed; ``None`` when there is none. Grace, guards and mode come on top.
    """

    verdict: Verdict
    policies: tuple[PolicyExplanation, ...]
    stops_at: float | None


def explain(book: CompiledBook, session: Session, now: float) -> Explanation:
    """Why ``session``, whose facts have all been asked for, is judged as it is at ``now``."""
    verdict = judge(book, session, now)
    if isinstance(verdict, Needs):
        raise ValueError(  # noqa: TRY004 - its type is right; it is not ready to be explained
            f"these facts have to be asked for before {session.ref} can be explained: {sorted(verdict.fields)}"
        )
    compiled = {one.policy.name: one for one in (*book.protects, *book.stops, *book.reports)}
    in_file_order = [compiled[policy.name] for policy in book.book.policies]
    return Explanation(
        verdict,
        tuple(_policy(one, book.lens, session, now) for one in in_file_order),
        _stops_at(book, session, now),
    )


def _policy(compiled: CompiledPolicy, lens: Lens, session: Session, now: float) -> PolicyExplanation:
    policy = compiled.policy
    steps: list[Step] = []
    if policy.services:
        served = session.ref.service in policy.services
        steps.append(Step(0, f"services: {', '.join(sorted(policy.services))}", served, session.ref.service))
    steps += _steps(policy.when, lens, session, now, 0)
    applies = compiled.holds(session, now)
    if policy.then is Action.STOP:
        lifted = " or ".join(["idle", *sorted(policy.even_when)])
        text = f"and, as for every stop: phase is known to be {lifted}"
        steps.append(_leaf_step(0, text, compiled.floor(session, now), "phase", lens, session, now))
        applies = stop_holds(compiled, session, now)
    return PolicyExplanation(policy.name, policy.then, policy.description, applies, tuple(steps))


def _steps(condition: Condition, lens: Lens, session: Session, now: float, depth: int) -> Iterator[Step]:
    truth = compile_condition(condition, lens)(session, now)
    match condition:
        case AllOf(terms) if depth == 0:
            for term in terms:
                yield from _steps(term, lens, session, now, depth)
        case AllOf(terms) | AnyOf(terms):
            yield Step(depth, "all of:" if isinstance(condition, AllOf) else "any of:", truth)
            for term in terms:
                yield from _steps(term, lens, session, now, depth + 1)
        case Not(term):
            yield Step(depth, "not:", truth)
            yield from _steps(term, lens, session, now, depth + 1)
        case _:
            yield _leaf_step(depth, describe(condition), truth, _fact_of(condition), lens, session, now, condition)


def _leaf_step(  # noqa: PLR0913, PLR0917 - it is one line with all it shows
    depth: int,
    text: str,
    truth: Truth,
    fact: str,
    lens: Lens,
    session: Session,
    now: float,
    condition: Leaf | None = None,
) -> Step:
    value = describe_value(fact, session, now, lens)
    if isinstance(condition, TagTest | TagPresence):
        value = _tag_value(condition.key, session)
    elif isinstance(condition, Compare) and isinstance(condition.right, FactRef):
        other = condition.right.fact
        value = f"{value} ({other}: {describe_value(other, session, now, lens)})"
    evidence = "; ".join(
        dict.fromkeys(
            session.facts.evidence[field]
            for field in sorted(VOCABULARY[fact].fields)
            if field in session.facts.evidence
        )
    )
    return Step(depth, text, truth, value, evidence)


def describe(condition: Leaf) -> str:
    """The condition as it could be written in a policy file."""
    match condition:
        case TextTest(fact, patterns):
            return f"{fact}: {' or '.join(patterns)}"
        case TagTest(key, patterns):
            return f"tags: {key}: {' or '.join(patterns)}"
        case Presence(fact, present):
            return f"{fact}: {'present' if present else 'absent'}"
        case TagPresence(key, present):
            return f"tags: {key}: {'present' if present else 'absent'}"
        case Compare(fact, operator, right):
            limit = right.fact if isinstance(right, FactRef) else _amount(right, VOCABULARY[fact].type)
            return f"{fact}: {operator} {limit}"


def describe_value(fact: str, session: Session, now: float, lens: Lens) -> str:
    """A fact's value for people: ``1h30m``, ``absent``, ``undecidable (why)``, ``not asked``."""
    definition = VOCABULARY[fact]
    value = definition.read(session, now, lens)
    if isinstance(value, Undecidable):
        return f"undecidable ({value.reason})"
    if value is ABSENT:
        return "absent"
    if value is NOT_ASKED:
        return "not asked"
    if isinstance(value, float):
        return _amount(value, definition.type)
    if definition.type is FactType.TAGS:
        return ", ".join(f"{key}={text}" for key, text in sorted(value.items())) or "none"  # type: ignore[union-attr]
    return str(value)


def _amount(value: float, kind: FactType) -> str:
    if kind is FactType.DURATION:
        return durations.format(value)
    return f"{value:.2f} USD" if kind is FactType.MONEY else f"{value:g}"


def _tag_value(key: str, session: Session) -> str:
    tags = session.facts.tags
    if isinstance(tags, Undecidable):
        return f"undecidable ({tags.reason})"
    if tags is NOT_ASKED:
        return "not asked"
    return "absent" if tags is ABSENT else tags.get(key, "absent")


def _fact_of(condition: Leaf) -> str:
    return "tags" if isinstance(condition, TagTest | TagPresence) else condition.fact


def _stops_at(book: CompiledBook, session: Session, now: float) -> float | None:
    """The first moment at which ``judge`` says stop: every threshold is a candidate, and ``judge`` is the test."""
    candidates = {now}
    for compiled in book.stops + book.protects:
        for compare in _comparisons(compiled.policy.when):
            crossing = _crossing(compare, session, book.lens)
            if crossing is not None and math.isfinite(crossing):
                candidates |= {crossing, crossing + 1}
    tags = session.facts.tags
    pin = None if isinstance(tags, Missing | Undecidable) else read_pin(tags)
    if pin is not None and pin.until is not None:
        candidates.add(pin.until)
    for moment in sorted(moment for moment in candidates if moment >= now):
        verdict = judge(book, session, moment)
        if isinstance(verdict, Verdict) and verdict.kind is VerdictKind.STOP:
            return moment
    return None


def _comparisons(condition: Condition) -> Iterator[Compare]:
    match condition:
        case AllOf(terms) | AnyOf(terms):
            for term in terms:
                yield from _comparisons(term)
        case Not(term):
            yield from _comparisons(term)
        case Compare():
            yield condition
        case _:
            return


def _crossing(compare: Compare, session: Session, lens: Lens) -> float | None:
    """When the left side, growing with time, reaches the right side, if that stands still."""
    right = compare.right
    limit = VOCABULARY[right.fact].read(session, 0.0, lens) if isinstance(right, FactRef) else right
    if not isinstance(limit, float | int):
        return None
    if compare.fact == "age":
        start = session.facts.created_at
        return start + limit if isinstance(start, float) else None
    start = session.facts.idle_since
    if not isinstance(start, float):
        return None
    if compare.fact == "idle_for":
        return start + limit
    if compare.fact == "idle_cost":
        rate = read_hourly_cost(session, 0.0, lens)
        return start + limit / rate * 3600 if isinstance(rate, float) and rate > 0 else None
    return None
