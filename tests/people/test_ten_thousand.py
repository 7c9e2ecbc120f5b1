"""Ten thousand findings of five hundred owners in one sweep of the deployed handler: everybody is told once, within limits."""

from __future__ import annotations

import json
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.emr_serverless_spark import AlibabaServer
from localcloud.server import LocalServer
from localcloud.world import World
from reaper.settings import PeopleSettings
from tests.support.backing import BackingServer
from tests.support.deployed import ACCOUNT, REGION, TOPIC, Deployed, Invocation, deploy
from tests.support.strict_backing import StrictBacking, Told

OWNERS_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:owners"
CHAT_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:chat"
LINKS = "https://answers.example/"
TEAMS = 40
GLUE, ATHENA = 150, 100
SPARK = 10_000 - GLUE - ATHENA
NOBODYS = 20
"""Of the five hundred owners, how many belong to no team."""

POLICIES = {
    "version": 1,
    "policies": [
        {"name": "idle", "services": ["glue", "athena"], "when": {"idle_for": ">= 1h"}, "then": "stop", "grace": "6h"},
        {
            "name": "old",
            "services": ["emr-serverless-spark"],
            "when": {"age": ">= 1h"},
            "then": "stop",
            "even_when": ["undecidable"],
            "grace": "6h",
        },
    ],
}
HOSTILE = ("<script>alert(1)</script>", "<!channel> @channel @everyone", "\u202egnp.exe", "x" * 10_000, "a\r\nb: c\x00")


def owner(number: int) -> str:
    return f"owner-{number % 500:03d}"


def owners() -> dict[str, Any]:
    """Forty teams with an address each, half of them with a channel besides: sixty destinations."""
    listed = [
        {
            "match": [owner(number) for number in range(500 - NOBODYS) if number % TEAMS == team],
            "team": f"team-{team}",
            "email": f"team-{team}@example.com",
            **({"slack": f"#team-{team}"} if team % 2 else {}),
        }
        for team in range(TEAMS)
    ]
    return {"version": 1, "owners": listed}


DESTINATIONS = {f"email:team-{team}@example.com" for team in range(40)} | {
    f"slack:#team-{team}" for team in range(1, 40, 2)
}


def world() -> dict[str, Any]:
    statement = {"state": "AVAILABLE", "started": "-8h", "completed": "-7h"}
    glue = [
        {"id": f"glue-{n}", "created": "-9h", "tags": {"owner": owner(n)}, "statements": [statement]}
        for n in range(GLUE)
    ]
    athena = [
        {"id": f"athena-{n}", "started": "-9h", "idle_since": "-7h", "tags": {"owner": owner(n)}} for n in range(ATHENA)
    ]
    spark = [
        {
            "id": f"sc-{n}",
            "name": HOSTILE[n % len(HOSTILE)] if n % 500 < 10 else f"notebook of the week {n}",
            "started": "-9h",
            "user": owner(n),
        }
        for n in range(SPARK)
    ]
    regions = {REGION: {"glue": glue, "athena": {"workgroups": [{"name": "science", "sessions": athena}]}}}
    # Many small workspaces, because the embedded service makes every row of a list for every page of it.
    workspaces = [{"id": f"w-{n}", "name": "science", "sessions": spark[n::100]} for n in range(100)]
    alibaba = {"cn-hangzhou": {"workspaces": workspaces}}
    return {"accounts": {ACCOUNT: regions}, "alibaba": {"account": "1234567890123456", "regions": alibaba}}


@dataclass(frozen=True)
class Sweeps:
    """Two sweeps of one world: what each was answered, and what the services took from it."""

    first: Invocation
    second: Invocation
    after_first: StrictBacking
    after_second: StrictBacking


@pytest.fixture(scope="module")
def sweeps(record_testsuite_property: Any) -> Iterator[Sweeps]:
    patch = pytest.MonkeyPatch()
    with BackingServer() as backing, LocalServer() as aws, AlibabaServer(World()) as alibaba:
        deployed = deploy(patch, lambda: "", backing, aws, alibaba)
        people = PeopleSettings(
            owners_topic_arn=OWNERS_TOPIC,
            chat_topic_arn=CHAT_TOPIC,
            answers_url=LINKS,
            link_secret="reaper/links",
            event_bus="default",
            timezone="Europe/Berlin",
        )
        for name, value in {
            **{f"REAPER_{name.upper()}": str(getattr(people, name)) for name in people.__dataclass_fields__},
            "REAPER_APPCONFIG_OWNERS": "owners",
        }.items():
            patch.setenv(name, value)
        deployed.reset(POLICIES, world())
        held = backing.backing
        strict = StrictBacking(
            function=held.function,
            profiles={**held.profiles, "owners": json.dumps(owners()).encode()},
            secrets={**held.secrets, "reaper/links": json.dumps({"current": "a secret of thirty-two letters.."})},
        )
        backing.backing = strict
        first = _timed(deployed, record_testsuite_property, "first")
        again = StrictBacking(
            function=held.function, profiles=strict.profiles, secrets=strict.secrets, items=dict(strict.items)
        )
        backing.backing = again
        second = _timed(deployed, record_testsuite_property, "second")
        yield Sweeps(first, second, strict, again)
    patch.undo()


def _timed(deployed: Deployed, say: Any, which: str) -> Invocation:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = deployed.invoke()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    say(
        f"{which} sweep of 10,000 findings", f"{time.monotonic() - began:.1f} s, {grown / 1024:.0f} MB more at its peak"
    )
    return done


def test_all_ten_thousand_are_warned_and_the_rest_of_the_sweep_is_well(sweeps):
    assert sweeps.first.error is None
    assert (sweeps.first.answer or {}).get("notes", []) == []
    assert Counter(sweeps.first.outcomes.values()) == {"warned": 10_000}


def of(messages: list[Told], topic: str) -> list[Told]:
    return [message for message in messages if message.topic == topic]


def test_each_destination_gets_one_message_and_nobody_else_does(sweeps):
    keys = Counter(message.attributes["audience"] for message in of(sweeps.after_first.told, OWNERS_TOPIC))

    assert keys == dict.fromkeys(DESTINATIONS, 1)
    assert len(of(sweeps.after_first.told, TOPIC)) == 1
    assert len(of(sweeps.after_first.told, CHAT_TOPIC)) <= 1
    assert {message.topic for message in sweeps.after_first.told} <= {TOPIC, OWNERS_TOPIC, CHAT_TOPIC}


def test_a_digest_is_of_its_own_teams_sessions_alone(sweeps):
    theirs = {
        f"team-{team}": {owner(number) for number in range(480) if number % TEAMS == team} for team in range(TEAMS)
    }
    for message in of(sweeps.after_first.told, OWNERS_TOPIC):
        document = message.document
        [team] = document["audience"]["teams"]
        named = {finding["facts"]["owner"] for finding in document["findings"]}
        assert named, message.attributes
        assert named <= theirs[team], message.attributes


def test_each_message_says_how_many_sessions_it_is_about_however_many_it_has_room_for(sweeps):
    """A team's owners are every fortieth of the first 480; a service's sessions are dealt out to all 500 in turn."""
    [whole] = of(sweeps.after_first.told, TOPIC)
    assert whole.subject == "Session Reaper, enforce mode: 10000 warned"
    for message in of(sweeps.after_first.told, OWNERS_TOPIC):
        [team] = message.document["audience"]["teams"]
        numbers = range(int(team.removeprefix("team-")), 480, 40)
        sessions = sum(len(range(number, count, 500)) for number in numbers for count in (SPARK, GLUE, ATHENA))
        said = message.body["email" if "email" in message.body else "default"]
        assert message.document["totals"] == {"warned": sessions}, team
        assert sessions > 230
        if message.attributes["medium"] == "email":
            assert said.startswith(f"{sessions} of your sessions are about to be stopped."), said[:200]


def test_every_session_is_one_event_and_the_sweep_is_one(sweeps):
    kinds = Counter(entry["DetailType"] for entry in sweeps.after_first.entries)
    assert kinds == {"Session Warned": 10_000, "Sweep Completed": 1}

    about = Counter(
        json.loads(entry["Detail"])["session"]["id"]
        for entry in sweeps.after_first.entries
        if entry["DetailType"] == "Session Warned"
    )
    assert set(about.values()) == {1}


def test_sessions_of_owners_that_nobody_knows_are_counted(sweeps):
    """Nineteen Spark sessions each of the last twenty owners, who have none of the others."""
    assert (sweeps.first.answer or {})["owners"] == {"resolved": 9620, "unresolved": 380}


def test_a_second_sweep_with_nothing_new_tells_nobody_anything(sweeps):
    assert sweeps.second.error is None
    assert Counter(sweeps.second.outcomes.values()) == {"warned": 10_000}
    assert sweeps.after_second.told == []
    assert {entry["DetailType"] for entry in sweeps.after_second.entries} <= {"Sweep Completed"}
