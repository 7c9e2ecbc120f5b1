"""The deployed handler, given less time than its world takes: it carries on, and what it cannot it says."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.server import LocalServer
from reaper.handlers import sweep
from reaper.handlers.continuation import MOST_PARTS, ContinuationError
from tests.support.deployed import ACCOUNT, ALIBABA_ACCOUNT, ALIBABA_REGION, REGION, Context, Deployed, Invocation

MANY = [f"glue-{number}" for number in range(270)]
FEW = ["athena-0", "athena-1"]
POLICIES = {
    "version": 1,
    "policies": [{"name": "idle", "when": {"idle_for": ">= 1h"}, "then": "stop"}],
    "guards": {"max_stops": 1000, "max_stop_share": 1.0},
}
STATEMENT = {"state": "AVAILABLE", "started": "-8h", "completed": "-7h"}
WORLD = {
    "accounts": {
        ACCOUNT: {
            REGION: {
                "glue": [
                    *({"id": name, "created": "-9h", "statements": [STATEMENT]} for name in MANY),
                    {"id": "glue-busy", "created": "-9h", "statements": [{"state": "RUNNING", "started": "-8h"}]},
                ],
                "athena": {
                    "workgroups": [
                        {
                            "name": "science",
                            "sessions": [{"id": name, "started": "-9h", "idle_since": "-7h"} for name in FEW],
                        }
                    ]
                },
            }
        }
    }
}
EMPTY = {"accounts": {}}
GLUE_SCOPE = {"service": "glue", "account": ACCOUNT, "region": REGION, "scope": {}}


def slow_down(patch: pytest.MonkeyPatch, aws: LocalServer) -> None:
    """A quarter of a second passes with each call of a session service, and none otherwise."""
    patch.setattr(sweep, "time", SimpleNamespace(time=time.time, monotonic=lambda: len(aws.calls) / 4))


def all_parts(deployed: Deployed, seconds: float) -> list[Invocation]:
    """What the invocations of one sweep came to, each with the event that the one before it sent."""
    parts = [deployed.invoke({}, Context("run-1", seconds))]
    while len(deployed.backing.events) == len(parts):
        assert len(parts) < MOST_PARTS, "it never came to an end"
        event = deployed.backing.events[-1]
        parts.append(deployed.invoke(event, Context(f"run-{len(parts) + 1}", seconds)))
    return parts


def continuation(**other: Any) -> dict[str, Any]:
    """The event of a second part that is to list the sessions of Glue."""
    told = {"part": 2, "began_at": time.time(), "scopes": [GLUE_SCOPE], "sessions": [], "stops_waiting": [], "seen": 0}
    return {"continuation": {**told, "live": [], "stops": [], "blind": [], **other}}


def test_a_world_too_large_is_finished_over_several_invocations_each_session_judged_once(deployed, monkeypatch):
    deployed.reset(POLICIES, WORLD)
    slow_down(monkeypatch, deployed.aws)
    # The few are all seen before the many come in between.
    deployed.aws.faults.add("slow", "glue", "ListSessions", seconds=0.3)

    parts = all_parts(deployed, seconds=180.0)

    answers = [part.answer or {} for part in parts]
    assert len(parts) > 1
    assert [part.error for part in parts] == [None] * len(parts)
    assert Counter(name for part in parts for name in part.findings) == Counter([*MANY, *FEW])
    assert ["unfinished" in answer for answer in answers] == [True] * (len(parts) - 1) + [False]
    assert answers[-1]["sessions"] == {"seen": 273, "live": 273}
    assert deployed.backing.calls.count("lambda:Invoke") == len(parts) - 1
    assert {one["service"] for part in parts for one in part.blind} == set()
    # What was all looked at is acted on at once; what was not waits for the part that has seen the rest, and is stopped
    # there as far as its time goes.
    assert parts[0].outcomes == dict.fromkeys(FEW, "stopped")
    assert {part.outcomes[name] for part in parts[1:] for name in part.outcomes} == {"stopped", "withheld"}

    deployed.invoke({}, Context("run-next", seconds=100_000.0))

    assert Counter(stop.session for stop in deployed.aws.world.stops()) == Counter([*MANY, *FEW])
    assert deployed.killed() == []


def test_a_sweep_of_too_many_parts_is_given_up_and_everything_left_is_blind(deployed):
    deployed.reset(POLICIES, WORLD)

    done = deployed.invoke(continuation(part=MOST_PARTS), Context(seconds=0.0))

    assert deployed.backing.events == []
    assert [(one["service"], one["error"]) for one in done.blind] == [
        (
            "glue",
            "not looked at: the sweep was given up after 20 parts: give it more time or memory, or less to look at",
        )
    ]
    assert done.metrics["BlindScopes"] == 1
    assert "given up after 20 parts" in json.dumps(deployed.backing.messages)


def test_stops_that_waited_for_the_rest_of_a_sweep_that_is_given_up_are_named(deployed):
    deployed.reset(POLICIES, WORLD)
    waiting = [{**GLUE_SCOPE, "id": name} for name in ("glue-0", "glue-1")]

    done = deployed.invoke(continuation(part=MOST_PARTS, stops_waiting=waiting), Context(seconds=0.0))

    assert [one["error"].partition(":")[0] for one in done.blind] == [
        "not looked at",
        "whether to stop 2 sessions that a policy wants stopped was not decided",
    ]
    assert done.metrics["BlindScopes"] == 2


def test_sessions_the_event_has_no_room_for_are_laid_by_and_found_by_the_next_part(deployed):
    deployed.reset(POLICIES, WORLD)
    sessions = [{**GLUE_SCOPE, "id": f"{number:0100d}"} for number in range(10_000)]

    first = deployed.invoke(
        continuation(scopes=[], sessions=[*sessions, {**GLUE_SCOPE, "id": "glue-0"}]), Context("run-2", seconds=0.0)
    )

    (event,) = deployed.backing.events
    assert event.keys() == {"continuation_laid_by"}
    assert [key.partition("/unfinished/")[2] for key in deployed.backing.objects if "/unfinished/" in key] == [
        "v1/run-2.json.gz"
    ]
    assert list(first.blind) == []

    deployed.aws.calls.clear()
    rest = deployed.invoke(event, Context("run-3", seconds=100_000.0))

    assert rest.error is None
    assert rest.outcomes == {"glue-0": "stopped"}
    assert deployed.aws.calls.counts()["glue:GetSession"] >= 10_001


@pytest.mark.parametrize("spoil", ["gone", "another", "garbage"])
def test_what_was_laid_by_and_is_not_what_it_was_fails_the_invocation_and_nothing_is_asked(deployed, spoil):
    deployed.reset(POLICIES, WORLD)
    sessions = [{**GLUE_SCOPE, "id": f"{number:0100d}"} for number in range(3000)]
    deployed.invoke(continuation(scopes=[], sessions=sessions), Context("run-2", seconds=0.0))
    (event,) = deployed.backing.events
    (key,) = [key for key in deployed.backing.objects if "/unfinished/" in key]
    if spoil == "gone":
        del deployed.backing.objects[key]
    else:
        deployed.backing.objects[key] = gzip.compress(b"{}") if spoil == "another" else b"It works!"
    deployed.aws.calls.clear()

    done = deployed.invoke(event, Context("run-3"))

    # In a warm function, Powertools warns of having no metrics on top of it.
    error = done.error if isinstance(done.error, ContinuationError) else getattr(done.error, "__context__", None)
    assert isinstance(error, ContinuationError)
    assert "leave it out to begin a sweep" in str(error)
    assert deployed.aws.calls.counts() == {}


def test_sessions_that_cannot_be_laid_by_are_blind(deployed):
    deployed.reset(POLICIES, EMPTY)
    deployed.backing.faults.add("denied", "s3", "PutObject")
    sessions = [{**GLUE_SCOPE, "id": f"{number:0100d}"} for number in range(2000)]

    done = deployed.invoke(continuation(scopes=[], sessions=sessions), Context(seconds=0.0))

    (event,) = deployed.backing.events
    taken = len(event["continuation"]["sessions"])
    assert 0 < taken < 2000
    (blind,) = done.blind
    assert blind["error"].startswith(
        f"{2000 - taken} sessions were not judged: the event that carries the sweep on has no room for more, and s3:PutObject"
    )
    assert done.metrics["BlindScopes"] == 1


def test_what_the_function_does_not_look_at_any_more_is_blind(deployed):
    deployed.reset(POLICIES, EMPTY)
    elsewhere = {"service": "glue", "account": ACCOUNT, "region": "eu-west-9", "scope": {}}

    done = deployed.invoke(
        continuation(
            scopes=[elsewhere],
            sessions=[{**elsewhere, "id": "s-1"}],
            stops_waiting=[{**elsewhere, "id": "s-2"}],
        )
    )

    assert [(one["region"], one["error"].partition(":")[0]) for one in done.blind] == [
        ("eu-west-9", "not looked at"),
        ("eu-west-9", "1 sessions were not judged"),
        ("eu-west-9", "whether to stop 1 sessions that a policy wants stopped was not decided"),
    ]


def test_a_part_looks_only_at_what_was_left(deployed):
    deployed.reset(POLICIES, WORLD)

    spark = {"service": "emr-serverless-spark", "account": ALIBABA_ACCOUNT, "region": ALIBABA_REGION, "scope": {}}
    done = deployed.invoke(continuation(scopes=[spark], sessions=[{**GLUE_SCOPE, "id": "glue-7"}]))

    assert done.outcomes == {"glue-7": "stopped"}
    assert deployed.stopped() == {"glue-7"}
    assert {call.operation for call in deployed.aws.calls if call.service == "glue"} == {
        "GetSession",
        "ListStatements",
        "GetTags",
        "StopSession",
    }
    assert {call.operation for call in deployed.alibaba.record} == {"ListWorkspaces"}


# Metrics that there are none to send of are no matter for the invocation: it fails anyway.
@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_an_event_that_makes_no_sense_fails_the_invocation_and_nothing_is_asked_or_stopped(deployed):
    deployed.reset(POLICIES, WORLD)

    done = deployed.invoke(continuation(scopes="all"))

    assert isinstance(done.error, ContinuationError)
    assert "leave it out to begin a sweep" in str(done.error)
    assert deployed.backing.calls == []
    assert list(deployed.aws.calls) == []
    assert deployed.stopped() == set()
