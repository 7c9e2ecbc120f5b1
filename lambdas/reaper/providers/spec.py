"""What a provider is, as data: readable without importing any SDK, so that the stack and the docs use it too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Grant:
    """IAM actions on resources. Resources are ``*`` or ARNs with ``{partition} {region} {account}`` to fill in."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactSource:
    """One further call per session, and the ``Facts`` fields it tells. Sources are asked cheapest first."""

    name: str
    call: str
    """``glue:ListStatements``."""
    fields: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec:
    """A service: what it can tell, what each costs to ask, and which permissions that takes.

    ``read`` is all that judging needs; ``stop`` is what stopping needs on top (the re-check before it included), and is
    granted only to a stack in enforce mode.
    """

    service: str
    title: str
    """As people call it: ``AWS Glue interactive sessions``."""
    session_arn: str
    """How its sessions are named outside of it: ``{partition} {region} {account} {id}`` and the parts of a scope to fill in."""
    read: tuple[Grant, ...]
    stop: tuple[Grant, ...]
    sources: tuple[FactSource, ...]
    list_evidence: Mapping[str, str] = field(default_factory=dict[str, str])
    """``Facts`` field -> where list calls have it from: ``{"idle_since": "IdleSinceDateTime of athena:ListSessions"}``."""

    since: float = 0.0
    """When the service came to be, epoch seconds: no session is older."""
    stops_idle_only: bool = False
    """Whether a session is never stopped unless it is known to be idle, whatever a policy says."""

    def source_of(self, wanted: frozenset[str]) -> str | None:
        """The first source, in declared (cheapest-first) order, that tells any of the ``wanted`` fields."""
        return next((source.name for source in self.sources if source.fields & wanted), None)
