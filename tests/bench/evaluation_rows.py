"""The sessions both sides evaluate, as plain data, and the condition in the words of each."""

from __future__ import annotations

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
# In the same order. The age is a number of seconds, as if a service told it: reading a date would cost Custodian more.
CUSTODIANS = [
    {"type": "value", "key": "WorkerType", "op": "in", "value": ["G.1X", "G.2X"]},
    {"type": "value", "key": "IdleSeconds", "op": "ge", "value": 1800},
    {"type": "value", "key": "Name", "op": "glob", "value": "nightly-*"},
    {"not": [{"type": "value", "key": "tag:env", "op": "glob", "value": "prod*"}]},
]

MATCHES = 180
"""Three of four worker types, two of four idle times, one of two names, three of four tags: 9/64 of the sessions."""


def rows() -> list[dict[str, Any]]:
    """Sessions in which each term has its share, independent of the others: the pattern repeats after 4 x 4 x 2 x 4."""
    return [
        {
            "Id": f"session-{number}",
            "AccountId": "111122223333",
            "Region": "eu-central-1",
            "Status": "READY",
            "CreatedOn": NOW - 36_000.0,
            "IdleSeconds": (600.0, 1200.0, 2400.0, 7200.0)[number // 4 % 4],
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
        for number in range(COUNT)
    ]
