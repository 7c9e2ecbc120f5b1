"""What the deployed sweep is told through its environment.

The stack writes these variables and the handler reads them, both through here, so that the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, Self, TypeVar

from reaper.core.report import Mode
from reaper.core.session import Service


class Notify(StrEnum):
    """When a sweep is told to people: only when there is something to tell, or always."""

    FINDINGS = "findings"
    ALWAYS = "always"


class SettingsError(Exception):
    """The environment is incomplete or wrong. ``str(error)`` names each variable and what it should be."""


Choice = TypeVar("Choice", bound=StrEnum)

ALIBABA_SERVICE: Final = Service.EMR_SERVERLESS_SPARK.value
SERVICES: Final = tuple(service.value for service in Service)
AWS_SERVICES: Final = tuple(service for service in SERVICES if service != ALIBABA_SERVICE)

METRICS_NAMESPACE: Final = "SessionReaper"


class Metric(StrEnum):
    """What a sweep counts in CloudWatch, under the one dimension ``service``, whose value is the stack's name.

    One dimension and few metrics, because CloudWatch bills each metric by the month; counts by service are in the log.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AlibabaTarget:
    """Where EMR Serverless Spark is looked at. ``secret`` names (or is the ARN of) a Secrets Manager secret.

    The secret is a JSON object with ``access_key_id`` and ``access_key_secret``. An empty ``endpoint`` means the
    vendor's own for ``region``.
    """

    region: str
    secret: str
    account: str = "unknown"
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """The AppConfig ids under which the policies and the switch are read."""

    application: str
    environment: str
    policies: str
    switch: str


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
    alibaba: AlibabaTarget | None = None

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
        }
        if self.alibaba:
            env |= {
                "ALIBABA_CLOUD_REGION_ID": self.alibaba.region,
                "ALIBABA_CLOUD_ACCOUNT_ID": self.alibaba.account,
                "REAPER_ALIBABA_SECRET": self.alibaba.secret,
            }
            if self.alibaba.endpoint:
                env["ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK"] = self.alibaba.endpoint
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
            delivery=DeliverySettings(
                **{part.name: reader.text(f"REAPER_APPCONFIG_{part.name.upper()}") for part in fields(DeliverySettings)}
            ),
            alibaba=_alibaba(reader) if ALIBABA_SERVICE in services else None,
        )
        if reader.problems:
            raise SettingsError("; ".join(reader.problems))
        return settings


def _alibaba(reader: _Reader) -> AlibabaTarget:
    return AlibabaTarget(
        region=reader.text("ALIBABA_CLOUD_REGION_ID"),
        secret=reader.text("REAPER_ALIBABA_SECRET"),
        account=reader.env.get("ALIBABA_CLOUD_ACCOUNT_ID") or "unknown",
        endpoint=reader.env.get("ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK", ""),
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
