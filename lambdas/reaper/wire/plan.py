"""The plan file: what a plan would stop, and the report it was made from."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from reaper.wire.codec import builtins_of
from reaper.wire.common import Facts, Instant, Place, Ref
from reaper.wire.report import Report

PLAN_VERSION: Final = 1
PLAN_KIND: Final = "session-reaper-plan"


class PlannedStop(Struct, frozen=True, kw_only=True):
    """A session that the plan would stop."""

    ref: Ref
    policy: str | None
    """The policy that wants it stopped."""
    facts: Facts


class Plan(Struct, frozen=True, kw_only=True):
    """What `reaper plan --out` writes, and `reaper run --plan` applies exactly so or not at all."""

    schema_version: Literal[1]
    """The version of this shape."""
    kind: Literal["session-reaper-plan"]
    created_at: Instant
    """When it was made."""
    judged_at: Instant
    """The moment its sessions were judged at."""
    accounts: tuple[str, ...]
    """Every account that was looked at."""
    scopes: tuple[Place, ...]
    """Every service, account and region that was looked at."""
    policy_sha256: str
    """Of the policies it was made with."""
    stops: tuple[PlannedStop, ...]
    """What it would stop."""
    report: Report
    """The whole report that it was made from."""
    digest: Annotated[str, Meta(examples=["sha256:9f86d081884c7d65"])]
    """Of everything else in it, so that a change does not go unnoticed."""

    def sealed(self) -> Plan:
        """The same with its digest."""
        return replace(self, digest=digest_of(builtins_of(self)))


def digest_of(content: dict[str, Any]) -> str:
    """The digest of a plan as its JSON was read, whatever else is in it; its own ``digest`` does not count."""
    rest = {key: value for key, value in content.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
