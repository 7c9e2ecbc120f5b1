"""What is known of a session, and how well.

A fact is *known*, known to be *absent* ("no such tag"), *not asked yet*, or *undecidable* with a reason. The four are
kept apart everywhere, because a tool that reads "could not look" as "nothing there" stops people's work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reaper.core.session import Phase

T = TypeVar("T")


class Missing(Enum):
    """The two ways in which a fact has no value, without there being anything wrong."""

    ABSENT = "absent"
    NOT_ASKED = "not asked"

    def __repr__(self) -> str:
        """``ABSENT`` or ``NOT_ASKED``, so that a failed test reads well."""
        return self.name


ABSENT: Final = Missing.ABSENT
"""Known not to be there: no such tag, no idle timeout configured."""
NOT_ASKED: Final = Missing.NOT_ASKED
"""A further call could tell; nobody has made it yet."""


@dataclass(frozen=True, slots=True)
class Undecidable:
    """Asked, and it cannot be known; ``reason`` is one sentence for a person ("ListStatements was denied")."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unread(Undecidable):
    """A further call should have told it, and failed: it is not the nature of the session that keeps it from being known."""

    call: str
    """``glue:ListStatements``."""
    cause: str
    """The kind of trouble, in a word: ``denied``."""


Fact = T | Missing | Undecidable
"""A value of type ``T``, or why there is none."""

VALUELESS: Final = (Missing, Undecidable)
"""For ``isinstance``: what a fact is when it has no value. Made once, because this is asked of every fact of every session."""

IN_USE: Final = math.inf
"""The ``idle_since`` of a session in use right now: its ``idle_for`` is 0 seconds whenever it is asked."""

NO_EVIDENCE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a provider can tell of one session. Instants are epoch seconds, durations are seconds.

    ``age``, ``idle_for``, ``owner`` and the costs of the policy vocabulary are derived from these
    (:mod:`reaper.core.vocabulary`), because they depend on the time or on settings.
    """

    state: str
    """The service's own word, verbatim."""
    phase: Fact[Phase]
    created_at: Fact[float]
    """When it was created or started."""
    idle_since: Fact[float] = NOT_ASKED
    """The last evidence of use; :data:`IN_USE` while busy."""
    idle_timeout: Fact[float] = NOT_ASKED
    """The session's own configured idle timeout, seconds; absent when it has none."""
    tags: Fact[Mapping[str, str]] = NOT_ASKED
    """Its own tags over those inherited from its parents. No tags at all is an empty mapping, not absent."""
    name: Fact[str] = ABSENT
    creator: Fact[str] = ABSENT
    """Who the service says created it; tags named in ``owner_tags`` come before this as ``owner``."""
    kind: Fact[str] = ABSENT
    worker_type: Fact[str] = ABSENT
    dpus: Fact[float] = ABSENT
    billed_units: Fact[float] = ABSENT
    """Units billed while it sits idle, in the unit of ``price_key``."""
    price_key: str | None = None
    """Which entry of the price table ``billed_units`` multiplies; ``None`` where no price is known."""
    evidence: Mapping[str, str] = field(default_factory=lambda: NO_EVIDENCE)
    """Fact name -> what was seen, for ``explain``: ``{"idle_since": "statement 7 completed 2026-03-01T10:00:00Z"}``."""

    def with_(self, **found: object) -> Facts:
        """These facts with ``found`` over them; evidence is merged, not replaced."""
        evidence = found.get("evidence")
        if evidence:
            found["evidence"] = {**self.evidence, **evidence}  # type: ignore[dict-item]
        return replace(self, **found)  # type: ignore[arg-type]

    def not_asked(self) -> frozenset[str]:
        """Names of the fields nobody has asked for yet."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) is NOT_ASKED)
