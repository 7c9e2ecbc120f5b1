"""The sessions both sides evaluate, as plain data, and the condition in the words of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

COUNT = 1_280
"""About a page of them: a sweep judges each session as it is found, while it is fresh in the processor's caches."""
PASSES = 20
NOW = 1_800_000_000.0

OURS = {
    "worker_type": ["G.1X", "G.2X"],
    "idle_for": ">= 30m",
    "name": "nightly-*",
    "tags": {"env": "!prod*"},
}
# In the same order. What a service tells is an instant, and both sides take the age of it. It is given as boto3 gives it,
# a datetime: reading it from text would cost Custodian more.
CUSTODIANS = [
    {"type": "value", "key": "WorkerType", "op": "in", "value": ["G.1X", "G.2X"]},
    {"type": "value", "key": "LastUsed", "value_type": "age", "op": "ge", "value": 1800 / 86_400},
    {"type": "value", "key": "Name", "op": "glob", "value": "nightly-*"},
    {"not": [{"type": "value", "key": "tag:env", "op": "glob", "value": "prod*"}]},
]

MATCHES = 180
"""Three of four worker types, two of four idle times, one of two names, three of four tags: 9/64 of the sessions."""


def rows() -> list[dict[str, Any]]:
    """Sessions in which each term has its share, independent of the others: the pattern repeats after 4 x 4 x 2 x 4."""
    now = datetime.now(UTC)
    return [_row(number, now) for number in range(COUNT)]


def _row(number: int, now: datetime) -> dict[str, Any]:
    idle = (600.0, 1200.0, 2400.0, 7200.0)[number // 4 % 4]
    return {
        "Id": f"session-{number}",
        "AccountId": "111122223333",
        "Region": "eu-central-1",
        "Status": "READY",
        "CreatedOn": NOW - 36_000.0,
        "IdleSeconds": idle,
        "LastUsed": now - timedelta(seconds=idle),
        "IdleTimeout": 172_800.0,
        "Name": f"{('nightly', 'adhoc')[number // 16 % 2]}-{number}",
        "Creator": "GlueNotebooks",
        "Command": "glueetl",
        "WorkerType": ("G.1X", "G.2X", "G.4X", "G.1X")[number % 4],
        "NumberOfWorkers": 5,
        "MaxCapacity": 5.0,
        "GlueVersion": "5.0",
        "Tags": [
            {"Key": "team", "Value": "data"},
            {"Key": "env", "Value": ("dev", "test", "prod-eu", "")[number // 32 % 4]},
        ],
    }
