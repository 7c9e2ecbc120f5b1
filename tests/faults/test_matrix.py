"""Each dependency of the deployed sweep, failing in each way: what is stopped all the same, and how it is said.

In every cell each service has one session that is idle, one in use and one protected. Which idle ones are stopped is
written below by hand; those in use and protected never are, and no cell goes without a word: the dependency is named in what
people are told, in the answer that is logged, or in the error that fails the invocation, and never without a metric or an
error to alarm on where something that should have been stopped was not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from localcloud.document import deadline_id
from localcloud.faults import Kind
from tests.support.deployed import ACCOUNT, ALIBABA_ACCOUNT, ALIBABA_REGION, REGION, Context, Deployed, Invocation
from tests.support.fault_matrix import KINDS, PROPERTY

DONE = {"state": "AVAILABLE", "started": "-8h", "completed": "-7h"}
RUNNING = {"state": "RUNNING", "started": "-8h"}
RENDERED = {"status": "SUCCEEDED", "started": "-8h", "ended": "-7h"}
RENDERING = {"status": "RUNNING", "started": "-8h"}
KEEP = {"keep": "yes"}

GLUE = [
    {"id": "glue-idle", "created": "-9h", "statements": [DONE]},
    {"id": "glue-busy", "created": "-9h", "statements": [RUNNING]},
    {"id": "glue-kept", "created": "-9h", "statements": [DONE], "tags": KEEP},
]
ATHENA = [
    {"id": "athena-idle", "started": "-9h", "idle_since": "-7h"},
    {"id": "athena-busy", "started": "-9h", "state": "BUSY"},
    {"id": "athena-kept", "started": "-9h", "idle_since": "-7h", "tags": KEEP},
]
DEADLINE = [
    {"id": "deadline-idle", "queue": "film", "job": "shot", "started": "-9h", "actions": [RENDERED]},
    {"id": "deadline-busy", "queue": "film", "job": "shot", "started": "-9h", "actions": [RENDERING]},
    {"id": "deadline-kept", "queue": "film", "job": "kept", "started": "-9h", "actions": [RENDERED]},
]
FARM = {
    "id": "studio",
    "queues": [{"id": "film", "jobs": [{"id": "shot"}, {"id": "kept", "tags": KEEP}]}],
    "fleets": [{"id": "spot", "workers": [{"id": "w1", "sessions": DEADLINE}]}],
}
# EMR Serverless Spark does not tell whether a running session is used, so its policy stops the undecidable ones; one that
# is starting is in use as far as anybody knows.
WORKSPACES = [
    {
        "id": "w-1",
        "sessions": [
            {"id": "spark-idle", "started": "-9h"},
            {"id": "spark-busy", "started": "-9h", "state": "Starting"},
        ],
    },
    {"id": "w-2", "tags": KEEP, "sessions": [{"id": "spark-kept", "started": "-9h"}]},
]
WORLD = {
    "accounts": {
        ACCOUNT: {
            REGION: {
                "glue": GLUE,
                "athena": {"workgroups": [{"name": "science", "sessions": ATHENA}]},
                "deadline": {"farms": [FARM]},
            }
        }
    },
    "alibaba": {"account": ALIBABA_ACCOUNT, "regions": {ALIBABA_REGION: {"workspaces": WORKSPACES}}},
}
SPARK = "emr-serverless-spark"
POLICIES = {
    "version": 1,
    "policies": [
        {"name": "kept", "when": {"tags": {"keep": "yes"}}, "then": "protect"},
        {
            "name": "idle",
            "services": ["glue", "athena", "deadline"],
            "when": {"idle_for": ">= 1h"},
            "then": "stop",
        },
        {
            "name": "old-spark",
            "services": [SPARK],
            "when": {"age": ">= 8h"},
            "then": "stop",
            "even_when": ["undecidable"],
        },
    ],
}
IDLE = {
    "glue": "glue-idle",
    "athena": "athena-idle",
    "deadline": deadline_id("session", "deadline-idle"),
    SPARK: "spark-idle",
}
ALL = frozenset(IDLE)
NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One dependency failing in some of its calls, and what has to come of it whatever way they fail in."""

    name: str
    fault: Mapping[str, Any]
    """As `Faults.add` takes it, without the kind."""
    stopped: frozenset[str]
    """The services whose idle session is stopped."""
    said: str
    """What names the dependency, to people or in the error."""
    outcome: Mapping[str, str] = field(default_factory=dict)
    """Service -> what becomes of its idle session, where it is not stopped and there is a finding."""
    blind: frozenset[str] = NONE
    metric: str | None = None
    """A metric that is above zero; an alarm watches each of them."""
    raised: bool = False
    heard: bool = True
    """Whether people hear of it; otherwise the answer, which is logged, says so."""
    seconds: float = 900.0
    """What the function has left."""


def of(service: str, operation: str, **more: Any) -> dict[str, Any]:
    return {"service": service, "operation": operation, **more}


def blind(service: str, operation: str, **more: Any) -> Row:
    return Row(
        name=f"{service}: {operation}",
        fault=of(service, operation, **more),
        stopped=ALL - {service},
        blind=frozenset({service}),
        metric="BlindScopes",
        said=operation,
    )


def spoils(service: str, operation: str, outcome: str, metric: str | None, **more: Any) -> Row:
    return Row(
        name=f"{service}: {operation}{' at the re-check' if more else ''}",
        fault=of(service, operation, **more),
        stopped=ALL - {service},
        outcome={service: outcome},
        metric=metric,
        said=operation,
    )


def unread(service: str, operation: str, outcome: str, metric: str = "BlindScopes", **more: Any) -> Row:
    """What could not be looked up of a session is blind, with how many sessions that left in the dark."""
    row = spoils(service, operation, outcome, metric, **more)
    return replace(row, blind=frozenset({service}))


def refused(call: str, fault: Mapping[str, Any]) -> Row:
    """Without policies there is no sweep."""
    return Row(
        name=f"AppConfig: policies, {call}",
        fault=fault,
        stopped=NONE,
        blind=ALL,
        metric="CorruptPolicy",
        said="AppConfig",
    )


def reported(call: str, fault: Mapping[str, Any]) -> Row:
    """A switch that cannot be read may say that nothing is to be stopped."""
    return Row(
        name=f"AppConfig: switch, {call}",
        fault=fault,
        stopped=NONE,
        outcome=dict.fromkeys(ALL, "would_stop"),
        blind=frozenset({"appconfig"}),
        metric="BlindScopes",
        said="AppConfig",
    )


def withheld(operation: str) -> Row:
    return Row(
        name=f"ledger: {operation}",
        fault=of("dynamodb", operation),
        stopped=NONE,
        outcome=dict.fromkeys(ALL, "withheld"),
        blind=frozenset({"ledger"}),
        metric="BlindScopes",
        said=f"dynamodb:{operation}",
    )


START, LATEST = "StartConfigurationSession", "GetLatestConfiguration"
ROWS = [
    blind("glue", "ListSessions"),
    unread("glue", "ListStatements", "undetermined"),
    unread("glue", "GetTags", "protected", "TrippedGuards"),
    spoils("glue", "GetSession", "unread", "FailedStops"),
    spoils("glue", "StopSession", "failed", "FailedStops"),
    blind("athena", "ListSessions"),
    unread("athena", "ListTagsForResource", "protected", "TrippedGuards"),
    spoils("athena", "GetSession", "unread", "FailedStops"),
    spoils("athena", "TerminateSession", "failed", "FailedStops"),
    blind("deadline", "ListSessionsForWorker"),
    unread("deadline", "ListSessionActions", "undetermined"),
    unread("deadline", "ListTagsForResource", "protected", "TrippedGuards"),
    spoils("deadline", "GetSession", "unread", "FailedStops"),
    spoils("deadline", "UpdateSession", "failed", "FailedStops"),
    blind(SPARK, "ListWorkspaces"),
    blind(SPARK, "ListSessionClusters"),
    spoils(SPARK, "GetSessionCluster", "unread", "FailedStops"),
    spoils(SPARK, "ListWorkspaces", "unread", "FailedStops", skip=1),
    spoils(SPARK, "StopSessionCluster", "failed", "FailedStops"),
    Row(
        name="Secrets Manager: GetSecretValue",
        fault=of("secretsmanager", "GetSecretValue"),
        stopped=ALL - {SPARK},
        blind=frozenset({SPARK}),
        metric="BlindScopes",
        said="the secret reaper/alibaba",
    ),
    refused(START, of("appconfig", START, match={"ConfigurationProfileIdentifier": "policies"})),
    refused(LATEST, of("appconfig", LATEST, match={"token": "policies"})),
    reported(START, of("appconfig", START, match={"ConfigurationProfileIdentifier": "switch"})),
    reported(LATEST, of("appconfig", LATEST, match={"token": "switch"})),
    withheld("Query"),
    withheld("BatchGetItem"),
    withheld("TransactWriteItems"),
    Row(
        name="ledger: BatchGetItem right before the stops",
        fault=of("dynamodb", "BatchGetItem", skip=2),
        stopped=NONE,
        said="what is remembered of it now could not be read",
        outcome=dict.fromkeys(ALL, "withheld"),
    ),
    Row(
        name="ledger: PutItem",
        fault=of("dynamodb", "PutItem"),
        stopped=ALL,
        said="stopped",
    ),
    Row(
        name="ledger: TransactWriteItems after the stops",
        fault=of("dynamodb", "TransactWriteItems", skip=1),
        stopped=ALL,
        said="what became of 4 announced stops is not in the ledger",
    ),
    Row(
        name="ledger: TransactWriteItems after the message",
        fault=of("dynamodb", "TransactWriteItems", skip=2),
        stopped=ALL,
        said="the next sweep may tell the same again",
        heard=False,
    ),
    Row(
        name="SNS: Publish",
        fault=of("sns", "Publish"),
        stopped=ALL,
        said="the report was not published to arn:aws:sns",
        raised=True,
    ),
    Row(
        name="S3: PutObject",
        fault=of("s3", "PutObject"),
        stopped=ALL,
        said="what this sweep saw was not recorded",
    ),
    Row(
        name="Lambda: Invoke to carry on",
        fault=of("lambda", "Invoke"),
        stopped=NONE,
        blind=ALL,
        metric="BlindScopes",
        said="could not be carried on",
        seconds=0.0,
    ),
]


def what_happened(done: Invocation, stopped: set[str]) -> str:
    """The cell, in a word of what was seen and how many of the idle sessions were stopped."""
    others = {done.outcomes[one] for one in IDLE.values() if one not in stopped and one in done.outcomes}
    if done.error is not None:
        word = "raised"
    elif done.answer is not None and "error" in done.answer:
        word = "refused"
    elif done.blind:
        word = "blind"
    elif others:
        word = " ".join(sorted(others))
    else:
        word = "noted" if done.notes else "nothing"
    return f"{word} {len(stopped)}/{len(IDLE)}"


def asked(deployed: Deployed, row: Row) -> int:
    """How often the failing operation was called."""
    calls = [*deployed.backing.calls, *(call.key for call in (*deployed.aws.calls, *deployed.alibaba.record))]
    return calls.count(f"{row.fault['service']}:{row.fault['operation']}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_fails_stops_nothing_it_should_not_and_is_not_hidden(
    deployed: Deployed, row: Row, kind: Kind, record_property: Any
):
    deployed.reset(POLICIES, WORLD)
    server = deployed.aws.gateway if row.fault["service"] in {"glue", "athena", "deadline"} else deployed.backing
    faults = deployed.alibaba.faults if row.fault["service"] == SPARK else server.faults
    faults.add(kind, **row.fault)

    done = deployed.invoke(context=Context(seconds=row.seconds))

    stopped = deployed.stopped()
    record_property(PROPERTY, (row.name, kind, what_happened(done, stopped)))
    assert asked(deployed, row) > row.fault.get("skip", 0), "no call met the fault"
    assert stopped == {IDLE[service] for service in row.stopped}
    assert deployed.killed() == []
    assert {service: done.outcomes.get(one) for service, one in IDLE.items()} == {
        **dict.fromkeys(IDLE), **dict.fromkeys(row.stopped, "stopped"), **row.outcome
    }  # fmt: skip
    assert {one["service"] for one in done.blind} == row.blind
    assert row.metric is None or done.metrics[row.metric] > 0
    if row.raised:
        assert row.said in str(done.error)
    elif row.heard:
        assert row.said in json.dumps(deployed.backing.messages)
    else:
        assert row.said in json.dumps(done.answer)
    assert (done.error is not None) == row.raised


def test_without_any_fault_every_idle_session_is_stopped_and_nothing_is_amiss(deployed: Deployed):
    deployed.reset(POLICIES, WORLD)

    done = deployed.invoke()

    assert deployed.stopped() == set(IDLE.values())
    assert deployed.killed() == []
    assert (done.error, done.blind, done.notes) == (None, (), [])
    assert [key.split("/")[2] for key in deployed.backing.objects] == ["facts", "reports"]
    assert len(deployed.backing.messages) == 1
    assert {name for name, value in done.metrics.items() if value} == {"Sweeps", "SessionsSeen", "Stopped", "IdleCost"}
