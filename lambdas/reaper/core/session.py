"""What a session is: where it lives, which it is, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reaper.core.facts import Facts


Scope = tuple[tuple[str, str], ...]
"""Where in a service a session lives, outermost part first: ``(("farm", "farm-1"), ("queue", "queue-2"))``."""


class Phase(StrEnum):
    """The normal form of a service's own ``state``.

    ``UNKNOWN`` exists for people to read; as a fact an unknown phase is
    :class:`~reaper.core.facts.Undecidable`, so that it neither equals nor differs from anything.
    """

    STARTING = "starting"
    BUSY = "busy"
    IDLE = "idle"
    STOPPING = "stopping"
    ENDED = "ended"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ScopeKey:
    """The scope guards count in: one service in one account and region."""

    service: str
    account: str
    region: str

    def __str__(self) -> str:
        """``glue 123456789012 eu-central-1``."""
        return f"{self.service} {self.account} {self.region}"


@dataclass(frozen=True, slots=True)
class SessionRef:
    """Names one session of one service, and nothing else; equal refs are the same session."""

    service: str
    account: str
    region: str
    scope: Scope
    id: str

    @property
    def key(self) -> ScopeKey:
        """The guards' scope this session counts in."""
        return ScopeKey(self.service, self.account, self.region)

    def part(self, name: str) -> str | None:
        """The scope part called ``name`` (``"workgroup"``), or ``None`` where the service has none."""
        for key, value in self.scope:
            if key == name:
                return value
        return None

    def __str__(self) -> str:
        """``athena 123456789012 eu-central-1 workgroup=science 8f1c...``."""
        return " ".join([str(self.key), *(f"{key}={value}" for key, value in self.scope), self.id])


@dataclass(frozen=True, slots=True)
class Session:
    """One session and what is known of it so far."""

    ref: SessionRef
    facts: Facts
