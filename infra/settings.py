"""What a deployment is told through CDK context: the keys, their defaults, and every mistake in them at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.cadence import Cadence
from infra.context_reader import ContextError, Reader
from reaper.catalog.services import clouds
from reaper.catalog.spec import Cloud
from reaper.settings import AWS_SERVICES, SERVICES, CloudTarget, Mode, Notify, clouds_of

LOG_RETENTION_DAYS: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557)
"""What CloudWatch Logs accepts, up to seven years (PutRetentionPolicy)."""

_REGION = re.compile(
    r"(eusc-[a-z]{2}|[a-z]{2}(-(gov|iso|isob|isoe|isof))?)-(north|south|east|west|central|northeast|northwest|southeast|southwest)-\d{1,2}"
)
NO_HTTP_API: Final = frozenset({"ap-east-2", "ap-southeast-6"})
"""Regions without API Gateway's HTTP APIs (CloudFormation's resource schemas by region, as cfn-lint bundles them)."""
NO_CHAT: Final = re.compile(r"cn-.*|us-gov-.*|[a-z]+-iso[a-z]?-.*|eusc-.*")
"""Regions of the partitions in which Amazon Q Developer in chat applications is not offered (the same)."""

_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")
_SECRET = re.compile(r"arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}|(?!arn:)[\w/+=.@-]+")
_BY_NAME_OR_ARN: Final = (
    "the name of a Secrets Manager secret, or its whole ARN with the hyphen and six characters that Secrets Manager put at "
    "its end"
)
OWN_BUS: Final = "own"
"""In place of the name of an event bus: one that the stack makes, and on which nobody else publishes."""

_KEY = re.compile(r"arn:[\w-]+:kms:[\w-]+:\d{12}:key/[\w-]+")
_SLACK_CHANNEL = re.compile(r"#[a-z0-9_-]{1,80}|[CG][A-Z0-9]{8,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackTarget:
    """A Slack that is posted to. ``secret`` names (or is the ARN of) the secret of its webhook, or of its bot.

    ``signing_secret`` is another one, with what Slack signs clicks on buttons with: who checks them can post nothing.
    """

    secret: str
    channel: str = ""
    signing_secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTarget:
    """A Slack channel that Amazon Q Developer is in, by the ids of both."""

    workspace: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment. Empty ``regions`` means the stack's own; no ``history_days``, no history.

    What is ``None``, or empty, is not deployed: ``owners``, ``weekly``, ``event_bus``, ``slack``, ``chat``.
    """

    stack_name: str
    mode: Mode
    schedule: Cadence
    services: tuple[str, ...]
    regions: tuple[str, ...]
    emails: tuple[str, ...]
    notify: Notify
    policies: Path
    owners: Path | None
    timezone: str
    answers: bool
    answers_per_second: int
    slack: SlackTarget | None
    secrets_key: str
    """ARN of the KMS key that the secrets named here are encrypted with; empty: Secrets Manager's own."""
    chat: ChatTarget | None
    weekly: Cadence | None
    event_bus: str
    dashboard: bool
    memory_mb: int
    timeout_minutes: int
    log_retention_days: int
    reserve_concurrency: bool
    history_days: int
    keep_data: bool
    elsewhere: tuple[CloudTarget, ...]


DEFAULTS: Final[Mapping[str, Any]] = {
    "stack_name": "SessionReaper",
    "mode": "report",
    "schedule": "rate(1 hour)",
    "services": list(AWS_SERVICES),
    "regions": [],
    "emails": [],
    "notify": "findings",
    "policies": "policies.yaml",
    "owners": "owners.yaml",
    "timezone": "UTC",
    "answers": True,
    "answers_per_second": 5,
    "slack_secret": "",
    "slack_channel": "",
    "slack_signing_secret": "",
    "secrets_key": "",
    "chat_workspace": "",
    "chat_channel": "",
    "weekly": "cron(0 7 ? * MON *)",
    "event_bus": "default",
    "dashboard": True,
    "memory_mb": 512,
    "timeout_minutes": 10,
    "log_retention_days": 90,
    "reserve_concurrency": False,
    "history_days": 400,
    "keep_data": True,
    **{f"{cloud}_{part}": "" for cloud in clouds() for part in ("region", "secret", "account", "endpoint")},
}
"""Every context key and what it is when nobody says otherwise. ``cdk.json`` repeats them for people to change."""


def read_context(context: Mapping[str, Any], *, root: Path, region: str = "") -> Settings:
    """The settings that ``context`` makes; raises :class:`ContextError` naming every mistake.

    What cannot be deployed into ``region`` is one of them; where it is empty, nobody knows yet where the stack goes.

    Values may be JSON or, as ``cdk -c key=value`` gives them, text; lists are then split at commas. Relative paths are
    relative to ``root``. A key that is neither ours nor the CDK's (those have a colon or an ``@``) is a mistake.
    """
    reader = Reader({**DEFAULTS, **{key: value for key, value in context.items() if key in DEFAULTS}})
    reader.unknown(context)
    services = reader.listed("services", lambda name: name in SERVICES, f"one of {', '.join(SERVICES)}", SERVICES)
    if not services and not reader.problems_of("services"):
        reader.problem("services", "is empty: name at least one of " + ", ".join(SERVICES))
    settings = Settings(
        stack_name=reader.text("stack_name", r"[A-Za-z][A-Za-z0-9-]{0,127}", "letters, digits and hyphens"),
        mode=reader.choice("mode", Mode),
        schedule=reader.schedule("schedule"),
        services=services,
        regions=reader.listed("regions", _REGION.fullmatch, "an AWS region such as eu-central-1"),
        emails=reader.listed("emails", _EMAIL.fullmatch, "an email address"),
        notify=reader.choice("notify", Notify),
        policies=reader.file("policies", root),
        owners=reader.file("owners", root) if reader.given("owners") else None,
        timezone=reader.timezone("timezone"),
        answers=reader.flag("answers"),
        answers_per_second=reader.number("answers_per_second", 1, 1000),
        slack=_slack(reader),
        secrets_key=reader.text("secrets_key", f"({_KEY.pattern})?", "the ARN of a KMS key, not of an alias"),
        chat=_chat(reader),
        weekly=reader.schedule("weekly", watched=False) if reader.given("weekly") else None,
        event_bus=reader.text(
            "event_bus", r"([A-Za-z0-9._/-]{1,256})?", "default, own, or the name of an event bus here"
        ),
        dashboard=reader.flag("dashboard"),
        memory_mb=reader.number("memory_mb", 256, 10_240),
        timeout_minutes=reader.number("timeout_minutes", 1, 15),
        log_retention_days=reader.number("log_retention_days", 1, 2557, LOG_RETENTION_DAYS),
        reserve_concurrency=reader.flag("reserve_concurrency"),
        history_days=reader.number("history_days", 0, 3650),
        keep_data=reader.flag("keep_data"),
        elsewhere=tuple(_target(reader, cloud) for cloud in clouds_of(set(services) & set(SERVICES))),
    )
    _offered(reader, settings, region)
    if reader.problems:
        raise ContextError(reader.problems)
    return settings


def _offered(reader: Reader, settings: Settings, region: str) -> None:
    """Remember what ``settings`` want of a region that lacks it, and the way out."""
    if settings.answers and region in NO_HTTP_API:
        reader.problem(
            "answers",
            f"is true, but API Gateway has no HTTP APIs in {region}, which links lead to: deploy the stack elsewhere and "
            f"name {region} in regions, or set answers to false",
        )
    if settings.chat and NO_CHAT.fullmatch(region):
        reader.problem(
            "chat_workspace",
            f"is set, but Amazon Q Developer in chat applications is not offered in {region}: use slack_secret instead",
        )


def _slack(reader: Reader) -> SlackTarget | None:
    secret = reader.text("slack_secret", f"({_SECRET.pattern})?", _BY_NAME_OR_ARN)
    signing = reader.text("slack_signing_secret", f"({_SECRET.pattern})?", _BY_NAME_OR_ARN)
    wanted = "a channel such as #sessions, or its id, which begins with C or G"
    channel = reader.text("slack_channel", f"({_SLACK_CHANNEL.pattern})?", wanted)
    for key in ("slack_channel", "slack_signing_secret"):
        if reader.given(key) and not reader.given("slack_secret"):
            reader.problem(key, "needs slack_secret, the secret that Slack is posted with")
    if signing and signing == secret:
        reader.problem(
            "slack_signing_secret",
            "is the same as slack_secret: put the signing secret into one of its own, which is all that the public page reads",
        )
    return SlackTarget(secret=secret, channel=channel, signing_secret=signing) if secret else None


def _chat(reader: Reader) -> ChatTarget | None:
    workspace = reader.text("chat_workspace", r"(T[A-Z0-9]{8,20})?", "the id of a Slack workspace, such as T012AB3CD")
    channel = reader.text("chat_channel", r"([CG][A-Z0-9]{8,20})?", "the id of a Slack channel, such as C012AB3CD")
    for key, other in (("chat_workspace", "chat_channel"), ("chat_channel", "chat_workspace")):
        if reader.given(key) and not reader.given(other):
            reader.problem(key, f"needs {other} beside it")
    return ChatTarget(workspace=workspace, channel=channel) if workspace and channel else None


def _target(reader: Reader, cloud: Cloud) -> CloudTarget:
    name, title = cloud.name, cloud.title
    return CloudTarget(
        cloud=name,
        region=reader.text(f"{name}_region", cloud.region_pattern, f"a region of {title}: {cloud.region_example}"),
        secret=reader.text(f"{name}_secret", _SECRET.pattern, _BY_NAME_OR_ARN),
        account=reader.text(f"{name}_account", cloud.account_pattern, f"the number of an {title} account") or "unknown",
        endpoint=reader.text(f"{name}_endpoint", r"(https?://[^\s/]+/?)?", "an http:// or https:// URL"),
    )
