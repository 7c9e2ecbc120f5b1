"""Sessions and policies as tests write them: short, with only what the test is about."""

from __future__ import annotations

from typing import Any

from reaper.core.facts import Facts
from reaper.core.judge import CompiledBook, Needs, Verdict, compile_book, judge
from reaper.core.policy.model import (
    Action,
    AllOf,
    Compare,
    Condition,
    Guards,
    Operator,
    Policy,
    PolicyBook,
    TextTest,
)
from reaper.core.session import Phase, Scope, Session, SessionRef

NOW = 1_800_000_000.0
"""The moment of every test that does not move the clock: 2027-01-15T08:00:00Z."""
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def ref(
    id: str = "s-1",  # noqa: A002 - a session's own word
    *,
    service: str = "glue",
    account: str = "111122223333",
    region: str = "eu-central-1",
    scope: Scope = (),
) -> SessionRef:
    return SessionRef(service, account, region, scope, id)


def session(  # noqa: PLR0913 - a session has that many sides
    id: str = "s-1",  # noqa: A002 - a session's own word
    *,
    service: str = "glue",
    region: str = "eu-central-1",
    scope: Scope = (),
    idle: float | None = None,
    age: float = 10 * HOUR,
    **facts: Any,
) -> Session:
    """A live idle session, aged ten hours, with no tags; ``idle`` is seconds since its last use (default: nine hours)."""
    given: dict[str, Any] = {
        "state": "READY",
        "phase": Phase.IDLE,
        "created_at": NOW - age,
        "idle_since": NOW - (9 * HOUR if idle is None else idle),
        "tags": {},
    }
    return Session(ref(id, service=service, region=region, scope=scope), Facts(**{**given, **facts}))


IDLE_FOR_AN_HOUR = Compare("idle_for", Operator.AT_LEAST, HOUR)


def policy(then: str = "stop", when: Condition = IDLE_FOR_AN_HOUR, *, name: str | None = None, **more: Any) -> Policy:
    return Policy(name=name or f"{then}-it", when=when, then=Action(then), **more)


def protect_env(*patterns: str) -> Policy:
    from reaper.core.policy.model import TagTest  # noqa: PLC0415 - used by few

    return policy("protect", TagTest("env", patterns), name="protect-env")


def text(fact: str, *patterns: str) -> TextTest:
    return TextTest(fact, patterns)


def every(*terms: Condition) -> AllOf:
    return AllOf(terms)


def book(*policies: Policy, guards: Guards | None = None, **more: Any) -> CompiledBook:
    return compile_book(PolicyBook(policies=policies, guards=guards or Guards(), **more))


def verdict_on(subject: Session, *policies: Policy, now: float = NOW) -> Verdict:
    """The verdict, when no fact is missing; a test that expects questions asks ``judge`` itself."""
    answer = judge(book(*policies), subject, now)
    assert not isinstance(answer, Needs), f"judge asked for {sorted(answer.fields)}"
    return answer
