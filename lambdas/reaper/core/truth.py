"""Three-valued logic (Kleene), with the reasons carried along.

A truth is ``True``, ``False`` or :class:`Open`. An open one either *needs* facts that nobody has asked for yet, or is in
*doubt* for facts that cannot be known. Nothing that is open ever stops a session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Doubt(NamedTuple):
    """A fact that cannot be known, and why."""

    fact: str
    reason: str


@dataclass(frozen=True, slots=True)
class Open:
    """Neither true nor false (yet): the ``Facts`` fields it needs, and the doubts no call will settle."""

    needs: frozenset[str] = frozenset()
    doubts: tuple[Doubt, ...] = ()


Truth = bool | Open


def needs(*facts: str) -> Open:
    """Open until these ``Facts`` fields are asked for."""
    return Open(needs=frozenset(facts))


def doubt(fact: str, reason: str) -> Open:
    """Open for good, because ``fact`` cannot be known, for ``reason``."""
    return Open(doubts=(Doubt(fact, reason),))


def tell(doubts: Iterable[Doubt]) -> str:
    """The doubts in words, each reason once: ``phase and idle_for: ListStatements was denied``."""
    facts: dict[str, list[str]] = {}
    for fact, reason in dict.fromkeys(doubts):
        facts.setdefault(reason, []).append(fact)
    return "; ".join(f"{' and '.join(names)}: {reason}" for reason, names in facts.items())


def merge(first: Open, second: Open) -> Open:
    """Both: what either needs, and every doubt once, in order."""
    if first is second:
        return first
    return Open(first.needs | second.needs, tuple(dict.fromkeys(first.doubts + second.doubts)))


def conjunction(truths: Iterable[Truth]) -> Truth:
    """All of them: one ``False`` decides, whatever else is open. Reads no further than it must."""
    found: Open | None = None
    for truth in truths:
        if truth is False:
            return False
        if truth is not True:
            found = truth if found is None else merge(found, truth)
    return True if found is None else found


def disjunction(truths: Iterable[Truth]) -> Truth:
    """Any of them: one ``True`` decides, whatever else is open. Reads no further than it must."""
    found: Open | None = None
    for truth in truths:
        if truth is True:
            return True
        if truth is not False:
            found = truth if found is None else merge(found, truth)
    return False if found is None else found
