"""Makes a loaded policy fast: conditions become closures over a session and a moment.

Every closure gives a :data:`~reaper.core.truth.Truth`. A fact nobody has asked for makes it open with a need, an
undecidable one open with a doubt; a comparison on an absent fact is false. No closure reads a clock or makes a call.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from reaper.core.facts import ABSENT, NOT_ASKED, Fact, Undecidable
from reaper.core.policy.globs import is_glob, matcher, prefixes
from reaper.core.policy.model import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    FactRef,
    Lifted,
    Not,
    Operator,
    Policy,
    Presence,
    TagPresence,
    TagTest,
    TextTest,
)
from reaper.core.session import Phase, Session
from reaper.core.truth import Open, Truth, disjunction, doubt, merge, needs
from reaper.core.vocabulary import VOCABULARY, FactDefinition, FactType, Lens, read_age, read_idle_for, read_phase

Check = Callable[[Session, float], Truth]
"""Says whether a condition holds of a session at a moment (epoch seconds)."""

_COMPARISONS: Final[dict[Operator, Callable[[float, float], bool]]] = {
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.EQUAL: operator.eq,
}

_LIFTABLE: Final = {
    Phase.BUSY: Lifted.BUSY,
    Phase.STARTING: Lifted.STARTING,
    Phase.UNHEALTHY: Lifted.UNHEALTHY,
}


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """A policy and what it asks: ``holds`` is its own condition, ``floor`` what every stop asks on top."""

    policy: Policy
    holds: Check
    floor: Check


def compile_policy(policy: Policy, lens: Lens) -> CompiledPolicy:
    """The policy as closures; ``lens`` is what reading its facts depends on."""
    when = compile_condition(policy.when, lens)
    services = policy.services

    def holds(session: Session, now: float) -> Truth:
        return False if session.ref.service not in services else when(session, now)

    return CompiledPolicy(policy, holds if services else when, compile_floor(policy.even_when))


def compile_floor(even_when: frozenset[Lifted]) -> Check:
    """The floor under every stop: the phase is known to be idle, or is one that ``even_when`` names."""
    allowed = frozenset({Phase.IDLE, *(phase for phase, lifted in _LIFTABLE.items() if lifted in even_when)})
    undecidable_too = Lifted.UNDECIDABLE in even_when

    def floor(session: Session, now: float) -> Truth:
        phase = read_phase(session, now)
        if isinstance(phase, Phase):
            return phase in allowed
        return True if undecidable_too and isinstance(phase, Undecidable) else _unread("phase", phase, session)

    return floor


def compile_condition(condition: Condition, lens: Lens) -> Check:
    """The closure of any condition. Terms that cost a further call are never read when a free one decides."""
    match condition:
        case AllOf(terms):
            return _all([compile_condition(term, lens) for term in terms])
        case AnyOf(terms):
            return _any([compile_condition(term, lens) for term in terms])
        case Not(term):
            return _not(term, lens)
        case TextTest(fact, patterns):
            return _text(VOCABULARY[fact], patterns, lens)
        case TagTest(key, patterns):
            return _tag(key, matcher(patterns))
        case Compare():
            return _compare(condition, lens)
        case Presence(fact, present):
            return _presence(VOCABULARY[fact], lens, present=present)
        case TagPresence(key, present):
            return _tag(key, lambda _value: True, wanted=present)
        case _:
            assert_never(condition)


def _all(checks: list[Check]) -> Check:
    if len(checks) == 1:
        return checks[0]

    def check(session: Session, now: float) -> Truth:
        # The conjunction of truth.py, written out: a generator would cost more than most of the terms do.
        found: Open | None = None
        for term in checks:
            truth = term(session, now)
            if truth is False:
                return False
            if truth is not True:
                found = truth if found is None else merge(found, truth)
        return True if found is None else found

    return check


def _any(checks: list[Check]) -> Check:
    return lambda session, now: disjunction(check(session, now) for check in checks)


def _not(term: Condition, lens: Lens) -> Check:
    if isinstance(term, TagTest):
        return _tag(term.key, matcher(term.patterns), wanted=False)
    inner = compile_condition(term, lens)

    def check(session: Session, now: float) -> Truth:
        truth = inner(session, now)
        return truth if isinstance(truth, Open) else not truth

    return check


def _text(definition: FactDefinition, patterns: tuple[str, ...], lens: Lens) -> Check:
    name, read, matches = definition.name, definition.read, matcher(patterns)

    def check(session: Session, now: float) -> Truth:
        value = read(session, now, lens)
        if isinstance(value, str):
            return matches(value)
        return False if value is ABSENT else _unread(name, value, session)

    return check if definition.at is None else _text_at(definition.at, name, patterns)


def _text_at(at: str, name: str, patterns: tuple[str, ...]) -> Check:
    """The same where a session has the text as it is: without the calls of a reader and, mostly, of a matcher."""
    value_of, literals, beginnings = operator.attrgetter(at), frozenset(patterns), prefixes(patterns)
    matches = matcher(patterns)

    def is_one(session: Session, _now: float) -> Truth:
        value = value_of(session)
        if isinstance(value, str):
            return value in literals
        return False if value is ABSENT else _unread(name, value, session)

    def begins(session: Session, _now: float) -> Truth:
        value = value_of(session)
        if isinstance(value, str):
            return value.startswith(beginnings)
        return False if value is ABSENT else _unread(name, value, session)

    def fits(session: Session, _now: float) -> Truth:
        value = value_of(session)
        if isinstance(value, str):
            return matches(value)
        return False if value is ABSENT else _unread(name, value, session)

    if not any(is_glob(pattern) for pattern in patterns):
        return is_one
    return begins if beginnings else fits


def _tag(key: str, matches: Callable[[str], bool], *, wanted: bool = True) -> Check:
    """Whether the tag ``key`` is there and ``matches``, or with ``wanted`` false, exactly not that."""
    unwanted = not wanted

    def check(session: Session, _now: float) -> Truth:
        tags = session.facts.tags
        if tags is ABSENT:
            return unwanted
        if tags is NOT_ASKED:
            return _TAGS_NEEDED
        if isinstance(tags, Undecidable):
            return doubt("tags", tags.reason)
        value = tags.get(key)
        return wanted if value is not None and matches(value) else unwanted

    return check


_TAGS_NEEDED: Final = needs("tags")


def _presence(definition: FactDefinition, lens: Lens, *, present: bool) -> Check:
    name, read, counts_tags = definition.name, definition.read, definition.type is FactType.TAGS

    def check(session: Session, now: float) -> Truth:
        value = read(session, now, lens)
        if value is NOT_ASKED or isinstance(value, Undecidable):
            return _unread(name, value, session)
        there = bool(value) if counts_tags and value is not ABSENT else value is not ABSENT
        return there is present

    return check


def _compare(test: Compare, lens: Lens) -> Check:
    if isinstance(test.right, FactRef):
        return _compare_facts(test.fact, test.right.fact, _COMPARISONS[test.operator], lens)
    name, limit, holds = test.fact, float(test.right), _COMPARISONS[test.operator]
    if name == "idle_for":
        return _compare_idle(test.operator, limit)
    read = VOCABULARY[name].read

    def check(session: Session, now: float) -> Truth:
        value = read(session, now, lens)
        if isinstance(value, float):
            return holds(value, limit)
        return False if value is ABSENT else _unread(name, value, session)

    return check


def _compare_idle(comparison: Operator, limit: float) -> Check:
    """Spares the call where it can: a session cannot have been idle for longer than it has lived."""
    holds = _COMPARISONS[comparison]
    below = comparison in {Operator.LESS, Operator.AT_MOST}
    inclusive = comparison in {Operator.GREATER, Operator.AT_MOST}

    def check(session: Session, now: float) -> Truth:
        facts = session.facts
        since, created = facts.idle_since, facts.created_at
        if isinstance(since, float) and isinstance(created, float):
            # What `read_idle_for` does, written out: this is the question asked most.
            since = max(since, created)
            return holds(now - since if since < now else 0.0, limit)
        value = read_idle_for(session, now)
        if isinstance(value, float):
            return holds(value, limit)
        if value is NOT_ASKED:
            age = read_age(session, now)
            if isinstance(age, float) and (age < limit or (inclusive and age == limit)):
                return below
        return False if value is ABSENT else _unread("idle_for", value, session)

    return check


def _compare_facts(left: str, right: str, holds: Callable[[float, float], bool], lens: Lens) -> Check:
    read_left, read_right = VOCABULARY[left].read, VOCABULARY[right].read

    def check(session: Session, now: float) -> Truth:
        one, other = read_left(session, now, lens), read_right(session, now, lens)
        if isinstance(one, float) and isinstance(other, float):
            return holds(one, other)
        if one is ABSENT or other is ABSENT:
            return False
        found: Open | None = None
        for name, value in ((left, one), (right, other)):
            if not isinstance(value, float):
                part = _unread(name, value, session)
                found = part if found is None else merge(found, part)
        assert found is not None  # noqa: S101 - one of the two is no number, or the first branch had returned
        return found

    return check


def _unread(name: str, value: Fact[object], session: Session) -> Open:
    """Why a fact without a value leaves a condition open."""
    if isinstance(value, Undecidable):
        return doubt(name, value.reason)
    if value is NOT_ASKED:
        return Open(needs=VOCABULARY[name].fields & session.facts.not_asked())
    return doubt(name, f"it has no usable value ({value!r})")
