"""The same policies, patient for shorter or longer: what a backtest tries one against the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from reaper.core.policy.model import (
    Action,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Not,
    Operator,
    PolicyBook,
    Presence,
    TagPresence,
    TagTest,
    TextTest,
)

_MORE: Final = frozenset({Operator.GREATER, Operator.AT_LEAST})
_LESS: Final = frozenset({Operator.LESS, Operator.AT_MOST})


def varied(book: PolicyBook) -> tuple[str, ...]:
    """The names of the policies that :func:`at_threshold` changes: those that stop, and compare ``idle_for`` with a number."""
    others = at_threshold(book, -1.0).policies
    return tuple(policy.name for policy, other in zip(book.policies, others, strict=True) if policy != other)


def at_threshold(book: PolicyBook, limit: float) -> PolicyBook:
    """``book`` with ``limit`` (seconds) in place of every number its stop policies ask ``idle_for`` to exceed."""
    return replace(
        book,
        policies=tuple(
            replace(policy, when=_limited(policy.when, limit, asked=True)) if policy.then is Action.STOP else policy
            for policy in book.policies
        ),
    )


def _limited(condition: Condition, limit: float, *, asked: bool) -> Condition:
    """``asked`` is false within a ``not``, where less is more."""
    match condition:
        case Compare("idle_for", operator, float() | int()) if operator in (_MORE if asked else _LESS):
            return replace(condition, right=limit)
        case AllOf(terms):
            return AllOf(tuple(_limited(term, limit, asked=asked) for term in terms))
        case AnyOf(terms):
            return AnyOf(tuple(_limited(term, limit, asked=asked) for term in terms))
        case Not(term):
            return Not(_limited(term, limit, asked=not asked))
        case Compare() | TextTest() | TagTest() | Presence() | TagPresence():
            return condition
        case _:
            assert_never(condition)
