"""What a service is, as data: readable without importing any SDK, so that the stack, the policies and the docs use it too."""

from __future__ import annotations

import math
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


@dataclass(frozen=True, slots=True)
class Price:
    """What an hour of one ``unit`` costs by list, USD. A policy file overrides it under ``prices`` and ``key``."""

    key: str
    usd: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """A cloud besides AWS, and what has to be said to reach it: through the environment, context keys and an option.

    A stack takes the context keys ``NAME_region``, ``NAME_secret``, ``NAME_account`` and ``NAME_endpoint``, the command line
    the option ``--NAME-region``.
    """

    name: str
    """A word in lower case that context keys begin with."""
    title: str
    """As people call it."""
    keys: Mapping[str, str]
    """Member of the stack's secret -> the environment variable that its SDKs read it from. All are needed."""
    region_variable: str
    account_variable: str
    endpoint_variable: str
    """In place of the region's public endpoint: a URL."""
    region_pattern: str
    region_example: str
    account_pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """A service: what it can tell, what each costs to ask, and which permissions that takes.

    ``read`` is all that judging needs; ``stop`` is what stopping needs on top (the re-check before it included), and is
    granted only to a stack in enforce mode.
    """

    service: str
    title: str
    """As people call it: ``AWS Glue interactive sessions``."""
    brand: str
    """The service alone, as messages and pages call it: ``AWS Glue``."""
    session_arn: str
    """How its sessions are named outside of it: ``{partition} {region} {account} {id}`` and the parts of a scope to fill in."""
    read: tuple[Grant, ...]
    stop: tuple[Grant, ...]
    sources: tuple[FactSource, ...]
    list_evidence: Mapping[str, str] = field(default_factory=dict[str, str])
    """``Facts`` field -> where list calls have it from: ``{"idle_since": "IdleSinceDateTime of athena:ListSessions"}``."""

    scope: tuple[str, ...] = ()
    """The parts of where its sessions live, outermost first: ``("farm", "queue")``."""
    cloud: Cloud | None = None
    """The cloud it is of; ``None``: AWS, which the stack is in."""
    prices: tuple[Price, ...] = ()
    """Empty where no price is known."""
    longest_idle: float = math.inf
    """Seconds of idleness past which nothing is claimed: after these the service ends a session by itself."""
    since: float = 0.0
    """When the service came to be, epoch seconds: no session is older."""
    stops_idle_only: bool = False
    """Whether a session is never stopped unless it is known to be idle, whatever a policy says."""

    @property
    def tells_use(self) -> bool:
        """Whether anything tells since when a session is idle: if not, none of its sessions is known to be idle or busy."""
        return "idle_since" in self.list_evidence or any("idle_since" in source.fields for source in self.sources)

    def source_of(self, wanted: frozenset[str]) -> str | None:
        """The first source, in declared (cheapest-first) order, that tells any of the ``wanted`` fields."""
        return next((source.name for source in self.sources if source.fields & wanted), None)
