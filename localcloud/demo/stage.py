"""What the demo does, without a word: set the scene, deploy, wait for the schedule, gather what came of it, clear away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localcloud.client import LocalCloud
from localcloud.demo import world
from localcloud.deployment import Delivered, Deployment, Inbox, bootstrap, client, deploy

READER: Final = "platform-team@example.com"
POLICIES: Final = "localcloud/demo/policies.yaml"
_SECRET: Final = "session-reaper-demo/alibaba"  # noqa: S105 - the name of a secret
_PATIENCE: Final = 150
"""Seconds for a schedule of one minute to fire and for its message to come."""


class DemoError(Exception):
    """The demo could not be shown. ``str(error)`` says what did not happen, with what is known of why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What came of the sweep: what was told, and what the cloud itself knows of it.

    ``sessions``, ``stops`` and ``violations`` are the cloud's own (see `client`), of AWS; ``calls`` counts the calls it
    received, as ``service:Operation``.
    """

    delivered: Delivered
    mail: Sequence[Mapping[str, str]]
    sessions: Sequence[Mapping[str, Any]]
    stops: Sequence[Mapping[str, Any]]
    violations: Sequence[Mapping[str, Any]]
    calls: Mapping[str, int]

    @property
    def letter(self) -> Mapping[str, str] | None:
        """The mail with the same report; alarms are mailed too."""
        return next((mail for mail in self.mail if mail["subject"] == self.delivered.subject), None)


def set_up(cloud: LocalCloud, log: Path) -> None:
    """Make the account what one is before Session Reaper comes: people at work, the CDK's bootstrap, a secret."""
    world.populate(cloud)
    bootstrap(cloud, log)
    env = cloud.env()
    pair = {
        "access_key_id": env["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        "access_key_secret": env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    }
    client(cloud, "secretsmanager").create_secret(Name=_SECRET, SecretString=json.dumps(pair))


def deploy_stack(cloud: LocalCloud, log: Path) -> tuple[Deployment, Inbox]:
    """The stack as a team would deploy it that means it, and a machine that listens to its reports."""
    deployment = deploy(
        cloud,
        {
            "mode": "enforce",
            "schedule": "rate(1 minute)",
            "services": "glue,athena,deadline,emr-serverless-spark",
            "emails": READER,
            "policies": POLICIES,
            "alibaba_region": world.ALIBABA_REGION,
            "alibaba_secret": _SECRET,
            "alibaba_account": world.ALIBABA_ACCOUNT,
            "alibaba_endpoint": cloud.env()["ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK"],
        },
        log,
    )
    return deployment, deployment.subscribe()


def wait_for_sweep(deployment: Deployment, inbox: Inbox, tick: Callable[[], None]) -> Delivered:
    """The message of the first scheduled sweep; calls ``tick`` every few seconds. Raises :class:`DemoError`."""
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        try:
            return inbox.receive(5)
        except TimeoutError:
            tick()
    said = "\n".join([*deployment.log_lines()][-40:]) or "nothing: it has not run"
    raise DemoError(f"no report was delivered within {_PATIENCE} s. What the function logged:\n{said}")


def gather(cloud: LocalCloud, delivered: Delivered) -> Performance:
    """What the cloud knows of the sweep that ``delivered`` tells of."""
    return Performance(
        delivered=delivered,
        mail=cloud.mail(),
        sessions=cloud.sessions(),
        stops=cloud.stops(),
        violations=cloud.violations(),
        calls=cloud.control("GET", "calls")["counts"],
    )
