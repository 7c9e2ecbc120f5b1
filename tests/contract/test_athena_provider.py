"""Athena, beyond what is expected of every provider."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reaper.core.facts import Undecidable, Unread
from reaper.core.session import Phase
from tests.support.services import ATHENA, Cloud, here, observed, walk

pytestmark = pytest.mark.parametrize("service", [ATHENA], indirect=True, ids=["athena"])

SPARK_35 = "Apache Spark version 3.5"


def idle(name: str, **more: object) -> dict[str, object]:
    return {**ATHENA.row(name, "idle"), **more}


def seed(cloud: Cloud, *groups: dict[str, object]) -> None:
    cloud.world.seed(here({"athena": {"workgroups": list(groups)}}))


def test_asks_workgroups_with_spark_only_and_disabled_ones_too(cloud: Cloud):
    seed(
        cloud,
        {"name": "sql", "engine": "Athena engine version 3"},
        {"name": "closed", "state": "DISABLED", "sessions": [idle("left-behind")]},
        {"name": "science", "sessions": [idle("a")]},
    )

    sessions, errors = walk(cloud.provider())

    assert {session.ref.part("workgroup"): session.ref.id for session in sessions} == {
        "closed": "left-behind",
        "science": "a",
    }
    assert errors == {}
    assert {call.parameters["WorkGroup"] for call in cloud.record.list("athena", "ListSessions")} == {
        "closed",
        "science",
    }


def test_reads_every_page_of_workgroups(cloud: Cloud):
    seed(cloud, *({"name": f"w{number}", "sessions": [idle(f"s{number}")]} for number in range(101)))

    assert len(walk(cloud.provider())[0]) == 101


def test_degraded_sessions_are_found_and_none_is_found_twice(cloud: Cloud):
    cloud.seed(idle("a"), idle("sick", state="DEGRADED"))

    sessions, _ = walk(cloud.provider())

    assert sorted((session.ref.id, session.facts.phase) for session in sessions) == [
        ("a", Phase.IDLE),
        ("sick", Phase.UNHEALTHY),
    ]


def test_degraded_sessions_that_cannot_be_listed_leave_the_workgroup_blind_and_the_others_seen(cloud: Cloud):
    cloud.seed(idle("a"), idle("sick", state="DEGRADED"))
    cloud.faults.add("denied", "athena", "ListSessions", match={"StateFilter": "DEGRADED"})

    sessions, errors = walk(cloud.provider())

    assert [session.ref.id for session in sessions] == ["a"]
    assert {scope: str(error) for scope, error in errors.items()} == {
        (("workgroup", "science"),): (
            "athena:ListSessions on workgroup science was denied in us-east-1: grant it to the caller"
        )
    }


def test_idle_is_undecidable_on_spark_connect_when_listed_and_when_read_again(cloud: Cloud):
    seed(cloud, {"name": "science", "engine": SPARK_35, "sessions": [idle("a")]})
    provider = cloud.provider()

    (listed,), _ = walk(provider)
    reread = provider.reread(listed.ref)

    assert reread is not None
    for session in (listed, reread):
        assert isinstance(session.facts.phase, Undecidable)
        assert isinstance(session.facts.idle_since, Undecidable)


def test_a_session_read_again_is_still_in_the_workgroup_it_was_listed_in(cloud: Cloud):
    # GetSession may leave the engine out; what the workgroup said of it still holds.
    seed(cloud, {"name": "science", "engine": SPARK_35, "sessions": [idle("a", extra={"EngineVersion": None})]})
    provider = cloud.provider()
    (listed,), _ = walk(provider)

    reread = provider.reread(listed.ref)

    assert reread is not None
    assert isinstance(reread.facts.phase, Undecidable)


def test_the_configuration_is_asked_for_once_and_only_when_wanted(cloud: Cloud):
    provider, session = cloud.only("a", "idle", idle_timeout_minutes=480, max_dpus=40)
    assert cloud.sent("GetSession") == 0

    facts = observed(provider, session).facts

    assert (facts.idle_timeout, facts.dpus) == (28800, 40)
    assert cloud.sent("GetSession") == 1


def test_a_configuration_that_cannot_be_read_is_undecidable(cloud: Cloud):
    provider, session = cloud.only("a", "idle")
    cloud.faults.add("denied", "athena", "GetSession")

    facts = observed(provider, session).facts

    why = "athena:GetSession on session a was denied in us-east-1: grant it to the caller"
    doubt = Unread(why, "athena:GetSession", "denied")
    assert (facts.idle_timeout, facts.dpus) == (doubt, doubt)
    assert facts.phase is Phase.IDLE


def test_tags_of_a_session_come_before_those_of_its_workgroup(cloud: Cloud):
    provider, session = cloud.only("a", "idle")

    assert observed(provider, session).facts.tags == {"of": "session", "workgroup": "1"}


def test_tags_come_in_pages(cloud: Cloud):
    tags = {f"key{number}": "x" for number in range(100)}
    provider, session = cloud.only("a", "idle", tags=tags)

    assert observed(provider, session).facts.tags == {**tags, "of": "workgroup", "workgroup": "1"}


@pytest.mark.parametrize("resource", ["workgroup/science", "workgroup/science/session/a"])
def test_tags_are_undecidable_when_either_look_up_fails(cloud: Cloud, resource: str):
    provider, session = cloud.only("a", "idle")
    arn = f"arn:aws:athena:us-east-1:000000000000:{resource}"
    cloud.faults.add("denied", "athena", "ListTagsForResource", match={"ResourceARN": arn})

    assert isinstance(observed(provider, session).facts.tags, Undecidable)


def test_a_workgroups_tags_are_looked_up_once_in_a_sweep_and_afresh_before_a_stop(cloud: Cloud):
    cloud.seed(*(idle(f"s{number}") for number in range(8)))
    provider = cloud.provider()
    sessions, _ = walk(provider)
    barrier = threading.Barrier(8)

    def look_up(session):
        barrier.wait()
        return provider.observe(session, "tags")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(look_up, sessions))
    arn = "arn:aws:athena:us-east-1:000000000000:workgroup/science"
    asked = [call for call in cloud.record if call.parameters.get("ResourceARN") == arn]
    assert len(asked) == 1

    cloud.world.region().athena["science"].tags["session-reaper/keep-until"] = "2027-01-01"
    fresh = provider.reread(sessions[0].ref)

    assert fresh is not None
    tags = provider.observe(fresh, "tags").tags
    assert tags == {"of": "session", "workgroup": "1", "session-reaper/keep-until": "2027-01-01"}
