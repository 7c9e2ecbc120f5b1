"""The report of a sweep, and the digests made of it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from reaper.core.judge import VerdictKind
from reaper.core.outcome import Outcome
from reaper.core.report import Mode
from reaper.wire.common import Amount, Count, Facts, Instant, Place, Ref, Scope, Snooze, Text

REPORT_VERSION: Final = 1


class SnoozeLimit(Struct, frozen=True, kw_only=True):
    """What its policy allows; only where the verdict is stop."""

    max: Annotated[float, Meta(gt=0)]
    """Seconds one snooze may last."""
    left: Count
    """How many more there may be."""


class Links(Struct, frozen=True, kw_only=True):
    """Only in a digest for one audience."""

    answer: Annotated[str, Meta(pattern="^https?://", extra_json_schema={"format": "uri"})]
    """Where its owner can snooze it, or have it stopped. Opening it changes nothing. It is signed for one reader: do not pass
    it on."""


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One session that a policy has something to say about."""

    ref: Ref
    verdict: Annotated[str, Meta(extra_json_schema={"enum": sorted(VerdictKind)})]
    """What the policies say of it. `keep` only in what is told of an earlier stop."""
    policy: str | None
    """The policy that decided; null where none did."""
    outcome: Annotated[str, Meta(extra_json_schema={"enum": list(Outcome)})]
    """What became of it."""
    detail: str
    """Why, in a sentence. Written by strangers: escape it for whatever it is shown in."""
    facts: Facts
    news: Annotated[bool, Meta(extra_json_schema={"const": False})] = True
    """People were told the same by an earlier sweep; absent when it is news."""
    team: str = ""
    """The team its owner belongs to, from owners.yaml."""
    arn: Annotated[str, Meta(extra_json_schema={"pattern": "^(arn|acs):"})] = ""
    """Its ARN, or that of its job where the service names no sessions; what another cloud calls it in the place of one."""
    idle_since: Instant | None = None
    """Since when nobody has used it; absent while in use, and where that cannot be known."""
    evidence: Annotated[str, Meta(examples=["statement 7 completed 2026-03-01T10:00:00Z"])] = ""
    """How that is known."""
    due: Instant | None = None
    """The earliest moment it is stopped: the end of its grace, or of its snooze."""
    snooze: Snooze | None = None
    snooze_limit: SnoozeLimit | None = None
    avoided_cost: Amount | None = None
    """Estimated USD that its stop has avoided; only for outcome stopped."""
    avoided_basis: Annotated[str, Meta(examples=["its own idle timeout of 48h"])] = ""
    """What that is compared with."""
    links: Links | None = None


class Blind(Place, frozen=True, kw_only=True):
    """A scope that could not be read, or not wholly. Never take it for no sessions."""

    scope: Scope
    """Where in the service."""
    error: str
    """Which call failed, on what, why, and what to do."""


class Guard(Place, frozen=True, kw_only=True):
    """A guard that withholds every stop of a place."""

    detail: str
    """Why, and how to release it."""


class ScopeIn(Place, frozen=True, kw_only=True):
    """A scope of a service."""

    scope: Scope
    """Where in the service."""


class Unfinished(Struct, frozen=True, kw_only=True):
    """What there was no time for. Absent when all was done."""

    scopes: tuple[ScopeIn, ...]
    """Scopes that were not listed."""
    sessions: tuple[Ref, ...]
    """Sessions that were listed and not judged."""
    stops: tuple[Ref, ...]
    """Sessions to be stopped that wait for the rest of their scope."""

    def total(self) -> UnfinishedTotal:
        """How much of each there is."""
        return UnfinishedTotal(scopes=len(self.scopes), sessions=len(self.sessions), stops=len(self.stops))


class UnfinishedTotal(Struct, frozen=True, kw_only=True):
    """How much there was no time for."""

    scopes: Count
    """Scopes that were not listed."""
    sessions: Count
    """Sessions that were listed and not judged."""
    stops: Count
    """Sessions to be stopped that wait for the rest of their scope."""


class Sessions(Struct, frozen=True, kw_only=True):
    """How many sessions there are in what could be read."""

    seen: Count
    """All that were listed."""
    live: Count
    """Those that had not ended."""


class Owners(Struct, frozen=True, kw_only=True):
    """How many findings' owners owners.yaml knows; absent where there is no such file."""

    resolved: Count
    """Those a pattern matched."""
    unresolved: Count
    """Those left to the default, or to nobody."""


class Regret(Struct, frozen=True, kw_only=True):
    """How often the stops of a policy were regretted lately."""

    regrets: Count
    """Regretted stops."""
    stops: Count
    """All its stops."""


class Audience(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who this digest is for; absent in a whole report. Its findings are those of this audience alone."""

    key: Annotated[Text, Meta(examples=["email:data@example.com", "slack:#data", "platform"])]
    """The one destination."""
    medium: Annotated[str, Meta(extra_json_schema={"enum": ["email", "slack", "platform"]})]
    """How they are reached."""
    to: str
    """The address, channel or user."""
    teams: tuple[str, ...]
    """The teams that are reached there."""
    timezone: Annotated[Text, Meta(examples=["Europe/Berlin"])]
    """The IANA name of the timezone its readers live in."""
    default: Annotated[bool, Meta(extra_json_schema={"const": True})] = False
    """They hear of what nobody else owns; absent for everybody else."""


Totals = Annotated[
    dict[str, int],
    Meta(
        extra_json_schema={
            "additionalProperties": False,
            "properties": {
                outcome.value: {"type": "integer", "minimum": 1, "description": outcome.row.means}
                for outcome in Outcome
            },
        }
    ),
]
ApiCalls = Annotated[
    dict[str, Count],
    Meta(
        extra_json_schema={"propertyNames": {"pattern": "^[a-z0-9-]+:[A-Za-z]+$"}},
    ),
]


class Report(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one sweep found and did: the same from the command line, the Lambda and SNS.

    A digest for one audience has the same shape, with an `audience`. The function's own answer, and what it logs, is a report
    without `findings`, which this schema does not describe. Instants are RFC 3339 in UTC, durations seconds, costs estimates
    in USD.
    """

    schema_version: Literal[1]
    """The version of this shape. A new optional member does not change it; anything else does."""
    run_id: Text
    """The sweep; the same in its report, its log and all its events."""
    mode: Mode
    """`report`: this sweep stopped nothing at all. `enforce`: it could."""
    started_at: Instant
    """When it began, and the moment its sessions were judged at."""
    finished_at: Instant
    """When it was done."""
    sessions: Sessions
    findings: tuple[Finding, ...]
    """The sessions that a policy has something to say about. Those that are simply kept are counted, not listed."""
    blind: tuple[Blind, ...]
    """What could not be read."""
    totals: Totals
    """How many sessions had each outcome, all of them, whether news or not; outcomes nobody had are left out."""
    idle_cost: Amount
    """Estimated cost so far of the idleness of the sessions that policies want stopped or looked at."""
    avoided_cost: Amount | None = None
    """Estimated cost that the stops of this sweep have avoided."""
    owners: Owners | None = None
    api_calls: ApiCalls
    """How often each operation was called, by `service:Operation`; retries are not counted."""
    unfinished: Unfinished | None = None
    guards: Annotated[tuple[Guard, ...], Meta(extra_json_schema={"minItems": 1})] = ()
    """The guards that withhold every stop of a place. Absent when there are none."""
    regrets: dict[str, Regret] = {}
    """For each policy that stopped sessions lately, how often that was regretted: its owner put another session in its place
    within minutes. Only with a ledger."""
    notes: tuple[str, ...] = ()
    """What else a reader must know, a sentence each."""
    error: str = ""
    """Why nothing was looked at, in a sentence."""
    audience: Audience | None = None
    truncated: Annotated[bool, Meta(extra_json_schema={"const": True})] = False
    """It was too long to be sent, and was cut to what matters most; totals are of all of it. Absent when it is whole."""
    findings_total: Count | None = None
    """How many findings there are in all, where it was cut."""
    blind_total: Count | None = None
    """How many blind scopes there are in all, where it was cut."""
    unfinished_total: UnfinishedTotal | None = None
    """How much there was no time for, where it was cut."""
    full_report: str = ""
    """Where all of it is, in words, where it was cut."""


SCHEMA_OF_REPORT: Final[dict[str, Any]] = {
    "dependentRequired": {
        "truncated": ["findings_total", "blind_total"],
        **{name: ["truncated"] for name in ("findings_total", "blind_total", "unfinished_total", "full_report")},
    }
}
"""What types cannot say of it."""
