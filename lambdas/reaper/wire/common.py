"""What several documents have in common: instants, places, sessions, facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Self

from msgspec import UNSET, Meta, Struct, UnsetType

from reaper.catalog.services import scope_parts, specs
from reaper.core.policy.problems import one_of
from reaper.core.session import Phase, ScopeKey, SessionRef

STRANGE: Final = "Written by strangers: escape it for whatever it is shown in."

Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Instant = Annotated[
    datetime,
    Meta(
        tz=True,
        examples=["2026-03-01T10:00:00Z"],
        extra_json_schema={
            "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"
        },
    ),
]
"""RFC 3339 in UTC, to the second."""
Scope = Annotated[
    dict[str, str],
    Meta(
        extra_json_schema={
            "additionalProperties": False,
            "properties": {
                part: {
                    "type": "string",
                    "description": f"Of {one_of(spec.brand for spec in specs().values() if part in spec.scope)}.",
                }
                for part in scope_parts()
            },
        }
    ),
]
ServiceName = Annotated[Text, Meta(extra_json_schema={"enum": list(specs())})]
Account = Annotated[Text, Meta(examples=["123456789012"])]
Region = Annotated[Text, Meta(examples=["eu-central-1"])]


class Ref(Struct, frozen=True, kw_only=True):
    """Which session it is. All five members together name it; no two sessions share them."""

    service: ServiceName
    """The service it belongs to."""
    account: Account
    """The account's id; `unknown` where its cloud does not tell it and nobody configured it."""
    region: Region
    """The region, by its cloud's own name."""
    scope: Scope
    """Where in the service it lives. Empty for one without scopes."""
    id: Text
    """The id its service gave it."""

    @classmethod
    def of(cls, ref: SessionRef, **more: object) -> Self:
        """The name of a session, with ``more`` of what is said of it."""
        return cls(
            service=ref.service, account=ref.account, region=ref.region, scope=dict(ref.scope), id=ref.id, **more
        )

    def session(self) -> SessionRef:
        """The session it names. The order of its scope is as it was written, which equal names need."""
        return SessionRef(self.service, self.account, self.region, tuple(self.scope.items()), self.id)


class Place(Struct, frozen=True, kw_only=True):
    """One service in one account and region."""

    service: Text
    """The service; `appconfig` for what tells the sweep what to do."""
    account: Account
    """The account's id; `unknown` where its cloud does not tell it and nobody configured it."""
    region: Region
    """The region, by its cloud's own name."""

    @classmethod
    def at(cls, key: ScopeKey, **more: object) -> Self:
        """The place of ``key``, with ``more`` of what is said of it."""
        return cls(service=key.service, account=key.account, region=key.region, **more)

    def key(self) -> ScopeKey:
        """The same, as the sweep counts in it."""
        return ScopeKey(self.service, self.account, self.region)


class Snooze(Struct, frozen=True, kw_only=True):
    """Somebody asked to keep the session for a while; only while that lasts."""

    until: Instant
    """Until when it is kept."""
    by: str
    """Who asked: to whom the warning was sent, a Slack user, or the ARN of whoever used the command line."""
    at: Instant
    """When they asked."""
    times: Annotated[int, Meta(ge=1)]
    """How often this session has been snoozed so far."""


class Undecidable(Struct, frozen=True):
    """A fact that cannot be known. It stops nothing."""

    undecidable: str
    """Why."""


PhaseName = Annotated[str, Meta(extra_json_schema={"enum": [one.value for one in Phase if one is not Phase.UNKNOWN]})]
TextFact = str | None | Undecidable | UnsetType
NumberFact = float | None | Undecidable | UnsetType
AmountFact = Amount | None | Undecidable | UnsetType
Tags = dict[str, str]
Fact = str | float | Tags | None | Undecidable
"""One fact: its value, ``None`` where it is absent, or why it cannot be known."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of the session, at the moment it was judged.

    null: known to be absent. An object with `undecidable`: cannot be known, and why. Left out: not asked, because no policy
    needed it. Durations are seconds, estimates USD.
    """

    name: TextFact = UNSET
    """What its owner calls it, where the service has names. Written by strangers: escape it for whatever it is shown in."""
    state: TextFact = UNSET
    """The service's own word, verbatim."""
    phase: PhaseName | Undecidable | UnsetType | None = UNSET
    """The state's normal form."""
    age: NumberFact = UNSET
    """Since it was created or started."""
    idle_for: NumberFact = UNSET
    """Since the last evidence of use; 0 while busy."""
    idle_timeout: NumberFact = UNSET
    """Its own configured idle timeout."""
    owner: TextFact = UNSET
    """From its tags, else the creator its service names. Written by strangers: escape it for whatever it is shown in."""
    tags: Tags | UnsetType | None = UNSET
    """Its own tags over those inherited; an object with `undecidable` alone says why they cannot be known. Written by
    strangers: escape it for whatever it is shown in."""
    kind: TextFact = UNSET
    """What sort of session its service says it is."""
    worker_type: TextFact = UNSET
    """The size of its workers."""
    dpus: AmountFact = UNSET
    """How many DPUs it has."""
    hourly_cost: AmountFact = UNSET
    """Estimated cost of an hour of sitting idle."""
    idle_cost: AmountFact = UNSET
    """Estimated cost of its idleness so far."""


FACTS: Final = Facts.__struct_fields__
"""The facts of a finding, in order; its ref says the rest."""


def known_text(fact: object) -> str:
    """The fact if it is a text that is known, else nothing."""
    return fact if isinstance(fact, str) else ""


def known_number(fact: object) -> float | None:
    """The fact if it is a number that is known."""
    return fact if isinstance(fact, int | float) and not isinstance(fact, bool) else None


def instant(moment: float) -> datetime:
    """The instant of epoch seconds, to the second."""
    return datetime.fromtimestamp(moment, UTC).replace(microsecond=0)


def rfc3339(moment: datetime) -> str:
    """``2026-03-01T10:00:00Z``, as it stands in JSON."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
