"""The world document, the clock, and what stops leave behind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from localcloud.clock import Clock, seconds
from localcloud.document import deadline_id
from localcloud.world import World

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def in_us_east_1(**services: object) -> dict[str, object]:
    return {"accounts": {"000000000000": {"us-east-1": services}}}


@pytest.mark.parametrize(
    ("text", "expected"), [("-3h", -10800), ("+90s", 90), ("1d12h", 129600), ("-1w", -604800), ("0s", 0)]
)
def test_durations_are_read_in_seconds(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "3", "3 h", "h", "-3x", "3h-2m"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)


def test_relative_moments_count_from_the_clock():
    world = World(Clock(NOON))
    world.seed(in_us_east_1(glue=[{"id": "a", "created": "-9h"}]))
    assert world.region().glue["a"].created == datetime(2030, 1, 1, 3, tzinfo=UTC).timestamp()


def test_absolute_moments_need_an_offset():
    with pytest.raises(ValueError, match="no offset"):
        Clock().moment("2030-01-01T12:00:00")


def test_a_running_clock_moved_forward_makes_everything_look_older():
    clock = Clock()
    created = clock.time()
    clock.advance(3600)
    assert clock.seen(created) == pytest.approx(created - 3600)


def test_a_frozen_clock_moved_forward_changes_no_moment_that_is_told():
    clock = Clock(NOON)
    clock.advance(3600)
    assert clock.now() == datetime(2030, 1, 1, 13, tzinfo=UTC)
    assert clock.seen(NOON.timestamp()) == NOON.timestamp()


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"account": {}}, "unknown account"),
        (in_us_east_1(glu=[]), "accounts.000000000000.us-east-1: unknown glu"),
        (in_us_east_1(glue=[{"id": "a", "staet": "READY"}]), r"glue\[0\]: unknown staet"),
        (in_us_east_1(glue=[{"id": "a"}, {"id": "a"}]), "'a' is there twice"),
        (in_us_east_1(glue=[{}]), r"glue\[0\]: id is needed"),
        (in_us_east_1(athena={"workgroups": [{"name": "w", "sessions": [{}]}]}), "id is needed"),
        (in_us_east_1(deadline={"farms": [{"id": "f", "fleets": [{}]}]}), r"fleets\[0\]: an id is needed"),
    ],
)
def test_a_mistake_in_a_document_is_named_and_changes_nothing(document, complaint):
    world = World()
    world.add_glue({"id": "before"})
    with pytest.raises(ValueError, match=complaint):
        world.seed(document)
    assert world.find("glue", "before").id == "before"


def test_a_deadline_session_of_a_job_that_does_not_exist_is_refused():
    workers = [{"id": "w", "sessions": [{"id": "s", "queue": "q", "job": "j"}]}]
    farm = {"id": "f", "queues": [{"id": "q"}], "fleets": [{"id": "x", "workers": workers}]}
    with pytest.raises(ValueError, match="no queue 'q' with a job 'j'"):
        World().add_farm(farm)


def test_short_deadline_names_become_the_same_valid_ids_every_time():
    assert deadline_id("farm", "studio") == deadline_id("farm", "studio") != deadline_id("farm", "other")
    assert deadline_id("farm", "studio").startswith("farm-")
    assert len(deadline_id("farm", "studio")) == len("farm-") + 32
    assert deadline_id("farm", "farm-0123456789abcdef0123456789abcdef") == "farm-0123456789abcdef0123456789abcdef"


def test_the_alibaba_part_is_handed_on_as_it_is():
    world = World()
    world.seed({"alibaba": {"regions": {"cn-hangzhou": {"workspaces": [{"id": "w"}]}}}})
    assert world.alibaba == {"regions": {"cn-hangzhou": {"workspaces": [{"id": "w"}]}}}


@pytest.mark.parametrize("service", ["glue", "athena", "deadline"])
def test_waking_gives_a_session_open_work_and_completing_finishes_it(service, studio, cloud):
    del studio
    world = cloud.world
    world.add_glue({"id": "idle"})
    world.add_athena("science", {"id": "idle"})
    assert world.find(service, "idle").open_work() is None
    world.wake(service, "idle")
    assert world.find(service, "idle").open_work() is not None
    world.complete(service, "idle")
    assert world.find(service, "idle").open_work() is None


def test_a_session_that_does_not_exist_cannot_wake():
    with pytest.raises(LookupError, match="no glue session 'nope'"):
        World().wake("glue", "nope")
