"""Deadline Cloud, beyond what is expected of every provider."""

from __future__ import annotations

import time

import pytest

from localcloud.document import deadline_id
from reaper.core.facts import Undecidable
from reaper.core.outcome import Outcome
from reaper.core.policy.model import Guards, Lifted
from reaper.core.report import Mode, Report
from reaper.core.session import Phase
from reaper.providers.calls import Calls
from reaper.sweep.instructions import Sweep
from reaper.sweep.ports import Provider, ProviderError, StopResult, Trouble
from reaper.sweep.run import run
from tests.support.services import DEADLINE, Cloud, here, observed, walk
from tests.support.sessions import book, policy, text

pytestmark = pytest.mark.parametrize("service", [DEADLINE], indirect=True, ids=["deadline"])


def farm(name: str, *, workers: int = 1) -> dict[str, object]:
    """A farm whose one fleet has so many workers, each with one idle session."""
    sessions = [{**DEADLINE.row(f"{name}-{number}", "idle")} for number in range(workers)]
    return {
        "id": name,
        "queues": [{"id": "film", "jobs": [{"id": "shot"}]}],
        "fleets": [
            {
                "id": f"{name}-fleet",
                "workers": [{"id": f"{name}-w{i}", "sessions": [s]} for i, s in enumerate(sessions)],
            }
        ],
    }


def test_names_farm_fleet_worker_queue_and_job_of_a_session(cloud: Cloud):
    _, session = cloud.only("a", "idle")

    assert session.ref.scope == (
        ("farm", deadline_id("farm", "studio")),
        ("fleet", deadline_id("fleet", "spot")),
        ("worker", deadline_id("worker", "w1")),
        ("queue", deadline_id("queue", "film")),
        ("job", deadline_id("job", "shot")),
    )


def test_a_fleet_without_workers_is_not_asked_for_them(cloud: Cloud):
    cloud.only("a", "idle")

    asked = [call.parameters["fleetId"] for call in cloud.record.list("deadline", "ListWorkers")]
    assert asked == [deadline_id("fleet", "spot")]


def test_reads_every_page_of_farms_and_of_workers(cloud: Cloud):
    farms = [{"id": f"empty-{number}"} for number in range(100)]
    cloud.world.seed(here({"deadline": {"farms": [*farms, farm("last", workers=101)]}}))

    sessions, errors = walk(cloud.provider())

    assert len(sessions) == 101
    assert errors == {}


def test_a_farm_that_is_denied_is_blind_alone(cloud: Cloud):
    cloud.world.seed(here({"deadline": {"farms": [farm("theirs"), farm("ours")]}}))
    theirs = deadline_id("farm", "theirs")
    cloud.faults.add("denied", "deadline", "ListFleets", match={"farmId": theirs})

    sessions, errors = walk(cloud.provider())

    assert [session.ref.id for session in sessions] == [deadline_id("session", "ours-0")]
    assert {scope: error.trouble for scope, error in errors.items()} == {(("farm", theirs),): Trouble.DENIED}


def test_farms_on_a_page_that_comes_twice_are_followed_once(cloud: Cloud):
    cloud.world.seed(here({"deadline": {"farms": [farm("ours")]}}))
    cloud.faults.add("repeat_token", "deadline", "ListFarms")

    sessions, errors = walk(cloud.provider())

    assert [session.ref.id for session in sessions] == [deadline_id("session", "ours-0")]
    assert {scope: error.trouble for scope, error in errors.items()} == {(): Trouble.GARBLED}


def test_reads_every_page_of_actions(cloud: Cloud):
    done = {"status": "SUCCEEDED", "started": "-8h", "ended": "-7h"}
    provider, session = cloud.only("a", "idle", actions=[*[done] * 150, {"status": "RUNNING", "started": "-1h"}])

    assert observed(provider, session).facts.phase is Phase.BUSY
    assert cloud.sent("ListSessionActions") == 2


def test_tags_are_inherited_from_farm_queue_fleet_worker_and_job_later_ones_winning(cloud: Cloud):
    provider, session = cloud.only("a", "idle")

    assert observed(provider, session).facts.tags == {
        "of": "job", "farm": "1", "queue": "1", "fleet": "1", "worker": "1"
    }  # fmt: skip


@pytest.mark.parametrize(
    "part",
    [
        "farm/{farm}",
        "farm/{farm}/queue/{queue}",
        "farm/{farm}/fleet/{fleet}",
        "farm/{farm}/fleet/{fleet}/worker/{worker}",
    ],
)
def test_tags_are_undecidable_when_those_of_any_parent_are(cloud: Cloud, part: str):
    provider, session = cloud.only("a", "idle")
    resource = part.format(**dict(session.ref.scope))
    arn = f"arn:aws:deadline:us-east-1:000000000000:{resource}"
    cloud.faults.add("denied", "deadline", "ListTagsForResource", match={"resourceArn": arn})

    assert isinstance(observed(provider, session).facts.tags, Undecidable)


def test_parents_tags_are_looked_up_once_in_a_sweep_and_afresh_before_a_stop(cloud: Cloud):
    cloud.seed(DEADLINE.row("a", "idle"), DEADLINE.row("b", "idle"))
    provider = cloud.provider()
    sessions, _ = walk(provider)

    for session in sessions:
        observed(provider, session)
    assert cloud.sent("ListTagsForResource") == 5

    cloud.world.region().farms[deadline_id("farm", "studio")].tags["farm"] = "2"
    fresh = provider.reread(sessions[0].ref)

    assert fresh is not None
    assert observed(provider, fresh).facts.tags == {
        "of": "job", "farm": "2", "queue": "1", "fleet": "1", "worker": "1"
    }  # fmt: skip


@pytest.mark.parametrize("status", ["ASSIGNED", "SCHEDULED", "RUNNING", "CANCELING", "RECLAIMING", "UNHEARD_OF"])
def test_never_ends_a_session_with_an_action_that_is_open_or_unknown_whatever_a_policy_says(cloud: Cloud, status: str):
    provider, _ = cloud.only("a", "idle")
    cloud.world.find("deadline", "a").actions[0].status = status  # type: ignore[union-attr]

    report = sweep_at_any_cost(provider)

    assert [finding.outcome for finding in report.findings] == [Outcome.WITHHELD]
    assert cloud.sent("UpdateSession") == 0


def test_never_ends_a_session_whose_actions_cannot_be_read_whatever_a_policy_says(cloud: Cloud):
    provider, _ = cloud.only("a", "idle")
    cloud.faults.add("denied", "deadline", "ListSessionActions")

    report = sweep_at_any_cost(provider)

    assert [finding.outcome for finding in report.findings] == [Outcome.WITHHELD]
    assert cloud.sent("UpdateSession") == 0


def sweep_at_any_cost(provider: Provider) -> Report:
    """By a policy that lifts the whole floor under stops."""
    anything = policy("stop", text("service", "*"), name="anything", even_when=frozenset(Lifted))
    return run(
        Sweep(
            run_id="r",
            mode=Mode.ENFORCE,
            book=book(anything, guards=Guards(min_age=0.0)),
            providers=[provider],
            counter=Calls(),
            clock=time.time,
            threads=1,
        )
    )


def test_a_conflict_on_a_session_that_is_still_there_is_an_error(cloud: Cloud):
    provider, session = cloud.only("a", "idle")
    cloud.faults.add("error", "deadline", "UpdateSession", code="ConflictException", status=409)

    with pytest.raises(ProviderError, match=r"deadline:UpdateSession on session .* was refused in us-east-1: Conflict"):
        provider.stop(session.ref)


def test_a_conflict_on_a_session_that_has_ended_is_already_gone(cloud: Cloud):
    provider, session = cloud.only("a", "idle")
    provider.stop(session.ref)

    assert provider.stop(session.ref) is StopResult.ALREADY_GONE
