"""Faults, wake-ups and the record: how the embedded cloud misbehaves, and how a test knows what it was asked."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from localcloud.faults import Fault, Wake


def code_of(call, **parameters) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "denied",
            [("AccessDeniedException", 400), ("AccessDeniedException", 400), ("AccessDeniedException", 403)],
        ),
        ("throttled", [("ThrottlingException", 400), ("ThrottlingException", 400), ("ThrottlingException", 429)]),
        (
            "server_error",
            [
                ("InternalServiceException", 500),
                ("InternalServerException", 500),
                ("InternalServerErrorException", 500),
            ],
        ),
        (
            "expired_credentials",
            [("ExpiredTokenException", 400), ("ExpiredTokenException", 400), ("ExpiredTokenException", 403)],
        ),
    ],
)
def test_trouble_arrives_in_each_services_own_words(cloud, client, kind, expected):
    cloud.faults.add(kind)
    calls = [client("glue").list_sessions, client("athena").list_work_groups, client("deadline").list_farms]
    assert [code_of(call) for call in calls] == expected


@pytest.mark.parametrize(
    ("kind", "code"), [("expired_credentials", "ExpiredToken"), ("invalid_credentials", "InvalidClientTokenId")]
)
def test_sts_refuses_bad_credentials(cloud, client, kind, code):
    cloud.faults.add(kind, "sts")
    assert code_of(client("sts").get_caller_identity) == (code, 403)


def test_a_throttled_deadline_call_says_when_to_retry(cloud, deadline):
    cloud.faults.add("throttled", "deadline", retry_after=7)
    with pytest.raises(deadline.exceptions.ThrottlingException) as caught:
        deadline.list_farms()
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"


def test_a_fault_hits_only_the_calls_it_speaks_of(cloud, glue, client):
    cloud.world.add_glue({"id": "a"})
    cloud.world.add_glue({"id": "b"})
    cloud.faults.add("denied", "glue", "GetSession", match={"Id": "a"}, region="us-east-1")
    assert code_of(glue.get_session, Id="a") == ("AccessDeniedException", 400)
    assert glue.get_session(Id="b")["Session"]["Id"] == "b"
    assert glue.list_statements(SessionId="a")["Statements"] == []
    assert code_of(client("glue", "eu-west-1").get_session, Id="a")[0] == "EntityNotFoundException"


def test_a_fault_may_spare_the_first_calls_and_end_by_itself(cloud, glue):
    cloud.faults.add("throttled", "glue", skip=1, times=2)
    glue.list_sessions()
    assert [code_of(glue.list_sessions)[0] for _ in range(2)] == ["ThrottlingException"] * 2
    glue.list_sessions()


def test_any_error_can_be_asked_for(cloud, glue):
    cloud.world.add_glue({"id": "a"})
    cloud.faults.add("error", "glue", "StopSession", code="ConcurrentModificationException", message="try later")
    with pytest.raises(glue.exceptions.ConcurrentModificationException, match="try later"):
        glue.stop_session(Id="a")


def test_garbage_is_taken_by_the_sdk_for_an_answer_without_a_list(cloud, glue, deadline):
    cloud.world.add_glue({"id": "a"})
    cloud.faults.add("garbage")
    assert "Sessions" not in glue.list_sessions()
    assert "farms" not in deadline.list_farms()


def test_a_timeout_closes_the_connection_unanswered(cloud, glue):
    cloud.faults.add("timeout", "glue", times=1)
    with pytest.raises(ConnectionClosedError):
        glue.list_sessions()
    assert [call.status for call in cloud.calls] == [0]
    assert glue.list_sessions()["Ids"] == []


def test_a_slow_call_is_answered_after_all(cloud, glue):
    cloud.faults.add("slow", "glue", seconds=0.01)
    cloud.faults.add("denied", "glue")
    assert code_of(glue.list_sessions)[0] == "AccessDeniedException"
    cloud.faults.clear()
    cloud.faults.add("slow", "glue", seconds=0.01)
    assert glue.list_sessions()["Ids"] == []


def test_a_repeated_token_never_ends(cloud, glue):
    for number in range(3):
        cloud.world.add_glue({"id": f"s{number}"})
    cloud.faults.add("repeat_token", "glue")
    first = glue.list_sessions(MaxResults=2)
    second = glue.list_sessions(MaxResults=2, NextToken=first["NextToken"])
    assert (first["Ids"], second["Ids"]) == (["s0", "s1"], ["s0", "s1"])
    assert first["NextToken"] == second["NextToken"]


def test_an_empty_page_with_a_token_leads_to_the_real_one(cloud, glue, deadline, studio):
    cloud.world.add_glue({"id": "a"})
    cloud.faults.add("empty_page_with_token", times=1)
    empty = glue.list_sessions()
    assert empty["Sessions"] == []
    assert glue.list_sessions(NextToken=empty["NextToken"])["Ids"] == ["a"]
    cloud.faults.add("empty_page_with_token", "deadline", times=1)
    search = {"farmId": studio["farmId"], "fleetIds": [studio["fleetId"]]}
    found = deadline.search_workers(**search, itemOffset=0)
    assert (found["workers"], found["nextItemOffset"]) == ([], 0)


def test_a_list_may_be_absent(cloud, glue):
    cloud.world.add_glue({"id": "a"})
    cloud.faults.add("absent_list", "glue")
    assert "Sessions" not in glue.list_sessions()


@pytest.mark.parametrize("options", [{"kind": "gremlins"}, {"kind": "error"}])
def test_a_fault_that_makes_no_sense_is_refused(options):
    with pytest.raises(ValueError, match="fault"):
        Fault(**options)


@pytest.mark.parametrize("when", [{}, {"at": 1.0, "operation": "GetSession"}])
def test_a_wake_up_without_exactly_one_moment_is_refused(when):
    with pytest.raises(ValueError, match="wake-up"):
        Wake(service="glue", session="a", **when)


def test_only_a_session_that_exists_can_be_told_to_wake(cloud):
    with pytest.raises(LookupError, match="no glue session 'nope'"):
        cloud.wake("glue", "nope", operation="GetSession")


def test_a_session_wakes_right_after_the_chosen_call(cloud, glue):
    cloud.world.add_glue({"id": "a"})
    cloud.world.add_glue({"id": "b"})
    cloud.wake("glue", "a", operation="ListStatements", match={"SessionId": "a"}, calls=2)
    asked = [glue.list_statements(SessionId=name)["Statements"] for name in ("a", "b", "b", "a")]
    assert asked == [[], [], [], []]
    assert [s["State"] for s in glue.list_statements(SessionId="a")["Statements"]] == ["RUNNING"]


def test_a_session_wakes_at_the_chosen_time(cloud, athena):
    cloud.world.add_athena("science", {"id": "a", "idle_since": "-1h"})
    cloud.wake("athena", "a", at="+10m")
    assert athena.get_session_status(SessionId="a")["Status"]["State"] == "IDLE"
    cloud.world.clock.advance(601)
    status = athena.get_session_status(SessionId="a")["Status"]
    assert status["State"] == "BUSY"
    assert "IdleSinceDateTime" not in status


def test_every_call_is_recorded_with_what_became_of_it(cloud, client):
    glue = client("glue", "eu-central-1", "111111111111")
    code_of(glue.get_session, Id="nope")
    glue.list_sessions(MaxResults=5)
    code_of(glue.list_sessions, MaxResults=0)
    first, second, third = cloud.calls.list("glue")
    assert (first.key, first.status, first.error) == ("glue:GetSession", 400, "EntityNotFoundException")
    assert (first.account, first.region, first.principal) == ("111111111111", "eu-central-1", "111111111111")
    assert (second.parameters, second.status, second.error) == ({"MaxResults": 5}, 200, None)
    assert third.error == "ValidationException"
    assert cloud.calls.counts() == {"glue:GetSession": 1, "glue:ListSessions": 2}
    assert cloud.calls.list(operation="ListSessions", MaxResults=5) == [second]


@pytest.mark.usefixtures("cloud")
def test_an_operation_that_is_not_emulated_is_refused(glue):
    assert code_of(glue.get_databases)[0] == "UnknownOperationException"
