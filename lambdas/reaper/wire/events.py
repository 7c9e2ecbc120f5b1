"""What events say: of a session, of a sweep, of somebody's wish to have a session stopped."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from reaper.core.report import Mode
from reaper.wire.common import Amount, Count, Instant, Ref, Snooze, Text
from reaper.wire.report import Sessions, Totals, UnfinishedTotal

EVENT_VERSION: Final = 1
SWEEP_COMPLETED: Final = "Sweep Completed"
STOP_REQUESTED: Final = "Session Stop Requested"


class SessionDetail(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What is told of the session. Texts are cut at 1,000 characters.

    There are no tags in it, and nothing of what ran in the session.
    """

    schema_version: Literal[1]
    """The version of this shape. A new optional member does not change it; anything else does."""
    run_id: Text
    """The sweep; the same in its report, its log and all its events."""
    mode: Mode
    """`report`: this sweep stopped nothing at all. `enforce`: it could."""
    session: Ref
    outcome: str
    """What became of it."""
    policy: str | None
    """The policy behind it; null where none is, as in what is told of an earlier stop."""
    detail: Annotated[str, Meta(examples=["idle for 2h, which is at least 1h"])]
    """Why, in a sentence. Written by strangers: escape it for whatever it is shown in."""
    at: Instant
    """When the sweep told of it."""
    name: str = ""
    """What its owner calls it, where the service has names. Written by strangers: escape it for whatever it is shown in."""
    owner: str = ""
    """Whose it is, from its tags or the creator its service names; absent when unknown. Written by strangers: escape it for
    whatever it is shown in."""
    team: str = ""
    """The team its owner belongs to, from owners.yaml."""
    idle_since: Instant | None = None
    """Since when nobody has used it; absent while it is in use, and where that cannot be known."""
    hourly_cost: Amount | None = None
    """Estimated USD for an hour of sitting idle; absent when unknown."""
    idle_cost: Amount | None = None
    """Estimated USD that its idleness has cost so far; absent when unknown."""
    due: Instant | None = None
    """The earliest moment it is stopped: the end of its grace, or of its snooze."""
    snooze: Snooze | None = None


class SweepDetail(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What the sweep came to. Each session with news has an event of its own."""

    schema_version: Literal[1]
    """The version of this shape. A new optional member does not change it; anything else does."""
    run_id: Text
    """The sweep; the same in its report, its log and all its events."""
    mode: Mode
    """`report`: this sweep stopped nothing at all. `enforce`: it could."""
    at: Instant
    """When the sweep told of it."""
    started_at: Instant
    """When it began."""
    finished_at: Instant
    """When it was done."""
    sessions: Sessions
    totals: Totals
    """How many sessions had each outcome, all of them, whether news or not; outcomes nobody had are left out."""
    blind_scopes: Count
    """How many scopes could not be read. What runs there is unknown: never take it for none."""
    tripped_guards: Count
    """How many scopes a guard withholds every stop of."""
    idle_cost: Amount
    """Estimated USD that the idleness of all found sessions has cost so far."""
    avoided_cost: Amount | None = None
    """Estimated USD that its stops have avoided; absent when it stopped none."""
    unresolved_owners: Count | None = None
    """How many owners owners.yaml says nothing of; absent where there is no such file."""
    unfinished: UnfinishedTotal | None = None
    """What it had no time for; another part of the sweep carries on with it. Absent when all was done."""
    error: str = ""
    """Why nothing was looked at, in a sentence: policies that cannot be used, say. Absent when all is well."""


class StopRequestedDetail(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Who wants which session stopped. Texts are cut at 1,000 characters."""

    schema_version: Literal[1]
    """The version of this shape. A new optional member does not change it; anything else does."""
    session: Ref
    policy: str | None
    """The policy that wants it stopped anyway."""
    by: str
    """Who asked: to whom the warning was sent, or a Slack user."""
    at: Instant
    """When they asked."""
    owner: str = ""
    """Whose it is, from its tags or the creator its service names; absent when unknown. Written by strangers: escape it for
    whatever it is shown in."""
    team: str = ""
    """The team its owner belongs to, from owners.yaml."""
