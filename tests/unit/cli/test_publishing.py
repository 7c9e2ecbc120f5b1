"""A report goes to the topic it was meant for, in that topic's region."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from reaper.cli.publishing import publish

TOPIC = "arn:aws:sns:eu-west-1:123456789012:sessions"
REPORT: dict[str, Any] = {
    "schema_version": 1,
    "run_id": "r",
    "mode": "report",
    "started_at": "2026-03-01T10:00:00Z",
    "finished_at": "2026-03-01T10:00:01Z",
    "sessions": {"seen": 0, "live": 0},
    "findings": [],
    "blind": [],
    "totals": {},
    "idle_cost": 0.0,
    "api_calls": {},
}


class Clients:
    """Hands out a client of SNS that keeps what it is told to publish."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, dict[str, Any]]] = []

    def client(self, service: str, region: str) -> SimpleNamespace:
        def publish(**request: Any) -> dict[str, str]:
            self.published.append((service, region, request))
            return {"MessageId": "m"}

        return SimpleNamespace(publish=publish)


def test_the_report_is_published_to_the_topic_in_its_own_region():
    clients = Clients()
    assert publish(TOPIC, REPORT, SimpleNamespace(clients=clients)) is None  # type: ignore[arg-type] - all it uses
    [(service, region, request)] = clients.published
    assert (service, region, request["TopicArn"]) == ("sns", "eu-west-1", TOPIC)
    assert json.loads(json.loads(request["Message"])["default"])["run_id"] == "r"
