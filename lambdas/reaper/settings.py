"""What the deployed sweep is told through its environment.

The stack writes these variables and the handler reads them, both through here, so that the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Final, Self, TypeVar

from reaper.catalog.services import clouds, specs
from reaper.catalog.spec import Cloud
from reaper.core.report import Mode


class Notify(StrEnum):
    """When a sweep is told to people: only when there is something to tell, or always."""

    FINDINGS = "findings"
    ALWAYS = "always"


class SettingsError(Exception):
    """The environment is incomplete or wrong. ``str(error)`` names each variable and what it should be."""


Choice = TypeVar("Choice", bound=StrEnum)

SERVICES: Final = tuple(specs())
AWS_SERVICES: Final = tuple(name for name, spec in specs().items() if spec.cloud is None)

METRICS_NAMESPACE: Final = "SessionReaper"


class Metric(StrEnum):
    """What a sweep counts in CloudWatch, under the one dimension ``service``, whose value is the stack's name.

    One dimension and few metrics, because CloudWatch bills each metric by the month; counts by service are in the log.
    """

    SWEEPS = "Sweeps"
    """One for each sweep that came to its end, or part of one, and one for a new deployment."""
    SESSIONS_SEEN = "SessionsSeen"
    WOULD_STOP = "WouldStop"
    STOPPED = "Stopped"
    FAILED_STOPS = "FailedStops"
    WITHHELD_STOPS = "WithheldStops"
    NOT_STOPPING = "NotStopping"
    TRIPPED_GUARDS = "TrippedGuards"
    REGRET_RATE = "RegretRate"
    """The one metric with a dimension of its own, ``policy``: the share of its stops that were regretted."""
    BLIND_SCOPES = "BlindScopes"
    CORRUPT_POLICY = "CorruptPolicy"
    IDLE_COST = "IdleCost"
    AVOIDED_COST = "AvoidedCost"
    WARNED = "Warned"
    SNOOZED = "Snoozed"
    CONFIRMED = "Confirmed"
    UNRESOLVED_OWNERS = "UnresolvedOwners"
    UNTOLD = "Untold"
    """Messages and events that did not leave the sweep."""
    NO_SUBSCRIBER = "NoSubscriber"
    """1 while nobody has confirmed a subscription to what the sweep tells, else 0."""
    REFUSED_ANSWERS = "RefusedAnswers"
    """Counted by the function behind the links: forged, altered, expired or repeated ones."""
    FAILED_ANSWERS = "FailedAnswers"
    """Counted by the function behind the links: what it could not show or record, because something it needs failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudTarget:
    """Where the services of another cloud are looked at. ``secret`` names (or is the ARN of) a Secrets Manager secret.

    The secret is a JSON object with a member for each of the cloud's keys. An empty ``endpoint`` means the vendor's own for
    ``region``.
    """

    cloud: str
    """Its name."""
    region: str
    secret: str
    account: str = "unknown"
    endpoint: str = ""


def clouds_of(services: Iterable[str]) -> tuple[Cloud, ...]:
    """The clouds besides AWS that ``services`` are of, each once."""
    found = (specs()[service].cloud for service in services)
    return tuple({cloud.name: cloud for cloud in found if cloud}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """The AppConfig ids under which the policies, the switch and the owners are read."""

    application: str
    environment: str
    policies: str
    switch: str
    owners: str = ""
    """Empty: owners are told through no channel of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSettings:
    """How a sweep reaches people beyond the platform's own topic. What is empty is not done."""

    owners_topic_arn: str = ""
    """One digest for each owner's destination goes here."""
    chat_topic_arn: str = ""
    """Amazon Q Developer's own notifications go here."""
    answers_url: str = ""
    """Where links lead, ending with a slash; without one, messages carry no links."""
    link_secret: str = ""
    """Name or ARN of the secret that links are signed with."""
    event_bus: str = ""
    """Where EventBridge events go: ``default``, a name or an ARN."""
    told_already: str = ""
    """Destinations, with commas, that get the whole report and so no digest: ``email:ops@example.com``, ``slack:#ops``."""
    timezone: str = "UTC"
    """The IANA name of the timezone of readers who have none of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """What the function that posts to Slack depends on. ``slack_secret`` holds the webhook's URL, or the bot's token."""

    slack_secret: str
    ledger_table: str
    """Where it remembers what it has posted: SNS may deliver a message twice."""
    slack_channel: str = ""
    """Where a bot posts whole reports and alarms; a webhook has a channel of its own."""
    slack_buttons: str = ""
    """Not empty: somebody checks Slack's signature, so messages may carry buttons."""
    timezone: str = "UTC"

    def to_env(self) -> dict[str, str]:
        """The environment variables that :meth:`from_env` reads back as an equal value."""
        return _texts_to_env(self)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """The settings in ``env``; raises :class:`SettingsError` naming every variable that is missing."""
        return _all_from_env(cls, env)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersSettings:
    """What the function behind the links depends on."""

    ledger_table: str
    link_secret: str
    slack_signing_secret: str = ""
    """Holds the signing secret, and nothing that could post; empty: Slack's buttons are refused."""
    history_bucket: str = ""
    """Where the weekly pages lie; empty: there are none."""
    event_bus: str = ""
    """Where a wish to stop a session at once is announced; empty: it waits for the next sweep."""

    def to_env(self) -> dict[str, str]:
        """The environment variables that :meth:`from_env` reads back as an equal value."""
        return _texts_to_env(self)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """The settings in ``env``; raises :class:`SettingsError` naming every variable that is missing."""
        return _all_from_env(cls, env)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklySettings:
    """What the function that makes the weekly page depends on."""

    history_bucket: str
    topic_arn: str
    answers_url: str = ""
    link_secret: str = ""
    timezone: str = "UTC"

    def to_env(self) -> dict[str, str]:
        """The environment variables that :meth:`from_env` reads back as an equal value."""
        return _texts_to_env(self)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """The settings in ``env``; raises :class:`SettingsError` naming every variable that is missing."""
        return _all_from_env(cls, env)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSettings:
    """Everything one deployed sweep depends on besides the policies and the clock.

    Values may be CDK tokens while the stack is built; nothing here looks inside them.
    """

    mode: Mode
    services: tuple[str, ...]
    account: str
    regions: tuple[str, ...]
    topic_arn: str
    delivery: DeliverySettings
    ledger_table: str
    history_bucket: str = ""
    """Empty: what sweeps saw is not kept."""
    notify: Notify = Notify.FINDINGS
    people: PeopleSettings = field(default_factory=PeopleSettings)
    elsewhere: tuple[CloudTarget, ...] = ()
    """One for each other cloud that ``services`` are of."""

    def to_env(self) -> dict[str, str]:
        """The environment variables that :meth:`from_env` reads back as an equal value."""
        env = {
            "REAPER_MODE": self.mode.value,
            "REAPER_SERVICES": ",".join(self.services),
            "REAPER_ACCOUNT": self.account,
            "REAPER_REGIONS": ",".join(self.regions),
            "REAPER_TOPIC_ARN": self.topic_arn,
            "REAPER_NOTIFY": self.notify.value,
            "REAPER_LEDGER_TABLE": self.ledger_table,
            "REAPER_HISTORY_BUCKET": self.history_bucket,
            "REAPER_APPCONFIG_APPLICATION": self.delivery.application,
            "REAPER_APPCONFIG_ENVIRONMENT": self.delivery.environment,
            "REAPER_APPCONFIG_POLICIES": self.delivery.policies,
            "REAPER_APPCONFIG_SWITCH": self.delivery.switch,
            **({"REAPER_APPCONFIG_OWNERS": self.delivery.owners} if self.delivery.owners else {}),
            **_texts_to_env(self.people),
        }
        for target in self.elsewhere:
            cloud = clouds()[target.cloud]
            env |= {
                cloud.region_variable: target.region,
                cloud.account_variable: target.account,
                _secret_variable(cloud): target.secret,
            }
            if target.endpoint:
                env[cloud.endpoint_variable] = target.endpoint
        return env

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """The settings in ``env``; raises :class:`SettingsError` naming every variable that is missing or wrong."""
        reader = _Reader(env)
        services = reader.listed("REAPER_SERVICES", SERVICES)
        settings = cls(
            mode=reader.choice("REAPER_MODE", Mode),
            services=services,
            account=reader.text("REAPER_ACCOUNT"),
            regions=reader.listed("REAPER_REGIONS"),
            topic_arn=reader.text("REAPER_TOPIC_ARN"),
            notify=reader.choice("REAPER_NOTIFY", Notify, default=Notify.FINDINGS),
            ledger_table=reader.text("REAPER_LEDGER_TABLE"),
            history_bucket=env.get("REAPER_HISTORY_BUCKET", ""),
            people=_texts_from_env(PeopleSettings, reader),
            delivery=DeliverySettings(
                owners=env.get("REAPER_APPCONFIG_OWNERS", ""),
                **{
                    part.name: reader.text(f"REAPER_APPCONFIG_{part.name.upper()}")
                    for part in fields(DeliverySettings)
                    if part.default is MISSING
                },
            ),
            elsewhere=tuple(_target(reader, cloud) for cloud in clouds_of(set(services) & set(SERVICES))),
        )
        if reader.problems:
            raise SettingsError("; ".join(reader.problems))
        return settings


Texts = TypeVar("Texts", PeopleSettings, SlackSettings, AnswersSettings, WeeklySettings)


def _texts_to_env(settings: PeopleSettings | SlackSettings | AnswersSettings | WeeklySettings) -> dict[str, str]:
    """Settings that are texts alone, each under its own name: ``link_secret`` is ``REAPER_LINK_SECRET``."""
    return {
        f"REAPER_{part.name.upper()}": value for part in fields(settings) if (value := getattr(settings, part.name))
    }


def _texts_from_env(kind: type[Texts], reader: _Reader) -> Texts:
    """The settings of ``kind``; what has no default has to be set."""
    values: dict[str, str] = {}
    for part in fields(kind):
        name = f"REAPER_{part.name.upper()}"
        if part.default is MISSING:
            values[part.name] = reader.text(name)
        else:
            values[part.name] = reader.env.get(name, "").strip() or part.default
    return kind(**values)


def _all_from_env(kind: type[Texts], env: Mapping[str, str]) -> Texts:
    reader = _Reader(env)
    settings = _texts_from_env(kind, reader)
    if reader.problems:
        raise SettingsError("; ".join(reader.problems))
    return settings


def _secret_variable(cloud: Cloud) -> str:
    return f"REAPER_{cloud.name.upper()}_SECRET"


def _target(reader: _Reader, cloud: Cloud) -> CloudTarget:
    return CloudTarget(
        cloud=cloud.name,
        region=reader.text(cloud.region_variable),
        secret=reader.text(_secret_variable(cloud)),
        account=reader.env.get(cloud.account_variable) or "unknown",
        endpoint=reader.env.get(cloud.endpoint_variable, ""),
    )


class _Reader:
    """Reads variables and remembers what was wrong with them, so that all of it is said at once."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        value = self.env.get(name, "").strip()
        if not value:
            self.problems.append(f"{name} is not set")
        return value

    def listed(self, name: str, choices: tuple[str, ...] = ()) -> tuple[str, ...]:
        values = tuple(part.strip() for part in self.text(name).split(",") if part.strip())
        self.problems += [
            f"{name} names {value!r}, which is none of {', '.join(choices)}"
            for value in values
            if choices and value not in choices
        ]
        return values

    def choice(self, name: str, kind: type[Choice], default: Choice | None = None) -> Choice:
        value = self.env.get(name, "") if default is not None else self.text(name)
        if not value:
            return default if default is not None else next(iter(kind))
        try:
            return kind(value)
        except ValueError:
            self.problems.append(f"{name} is {value!r}, which is none of {', '.join(kind)}")
            return next(iter(kind))
