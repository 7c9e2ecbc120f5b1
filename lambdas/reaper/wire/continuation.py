"""The event that carries on with a sweep that ran out of time."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from reaper.wire.common import Amount, Count, Place, Ref
from reaper.wire.report import ScopeIn


class LiveIn(Place, frozen=True, kw_only=True):
    """How many live sessions a place has."""

    count: Count


class StopsIn(Place, frozen=True, kw_only=True):
    """How many stops were made in a place, and what the idleness of those sessions had cost (USD)."""

    count: Count
    idle_cost: Amount = 0.0
    """Releases that kept no cost are carried on with none."""


class LookUpsIn(Place, frozen=True, kw_only=True):
    """How many look-ups were made in a place, and how many failed."""

    asked: Count
    failed: Count


class WaitingStop(Ref, frozen=True, kw_only=True, omit_defaults=True):
    """A stop that waits for the rest of its scope, and what its idleness had cost when it was judged (USD)."""

    idle_cost: Amount | None = None


class Continuation(Struct, frozen=True, kw_only=True):
    """What the earlier parts of a sweep did, and left to do."""

    part: Annotated[int, Meta(ge=1)]
    """Which part this is, from 1."""
    began_at: Annotated[float, Meta(ge=0, le=253_402_300_799)]
    """When the first part began, epoch seconds."""
    scopes: tuple[ScopeIn, ...]
    """Scopes that are still to be listed."""
    sessions: tuple[Ref, ...]
    """Sessions that are still to be judged."""
    stops_waiting: tuple[WaitingStop, ...]
    seen: Count
    """How many sessions were listed."""
    live: tuple[LiveIn, ...]
    stops: tuple[StopsIn, ...]
    tag_lookups: tuple[LookUpsIn, ...] = ()
    evidence_lookups: tuple[LookUpsIn, ...] = ()
    blind: tuple[Place, ...]
    """Places that some part could not see all of."""


class LaidBy(Struct, frozen=True, kw_only=True):
    """Where the event lies that another had no room for."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,200}$")]
    digest: str
    """SHA-256 of it, in hexadecimal."""


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the sweep's function is invoked with, as far as it reads it. With neither member it begins a sweep."""

    continuation: Continuation | None = None
    continuation_laid_by: LaidBy | None = None
