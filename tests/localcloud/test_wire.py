"""The protocols: what AWS rejects is rejected, errors and moments arrive as the SDK expects, answers fit the model."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.gateway import Gateway
from localcloud.rules import checker
from localcloud.wire import Request, wire


def failure(call, **parameters) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"MaxResults": 0}, "greater than or equal to 1"),
        ({"MaxResults": 1001}, "less than or equal to 1000"),
        ({"MaxResults": "many"}, "must be a integer"),
        ({"RequestOrigin": "not ok!"}, "regular expression"),
        ({"RequestOrigin": ""}, "length greater than or equal to 1"),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_glue_rejects_what_the_model_forbids(glue, parameters, words):
    code, status, message = failure(glue.list_sessions, **parameters)
    assert (code, status) == ("ValidationException", 400)
    assert words in message


@pytest.mark.usefixtures("cloud")
def test_a_required_parameter_that_is_missing_is_rejected(glue, athena):
    assert "'Id'" in failure(glue.get_session)[2]
    assert failure(athena.list_sessions)[0] == "InvalidRequestException"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("list_work_groups", {"MaxResults": 51}),
        ("list_sessions", {"WorkGroup": "science", "MaxResults": 101}),
        ("list_sessions", {"WorkGroup": "science", "StateFilter": "SLEEPING"}),
        ("list_tags_for_resource", {"ResourceARN": "arn:aws:athena:us-east-1:0:workgroup/science", "MaxResults": 74}),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_athena_rejects_what_the_model_forbids(athena, operation, parameters):
    code, status, _ = failure(getattr(athena, operation), **parameters)
    assert (code, status) == ("InvalidRequestException", 400)


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        ("list_farms", {"maxResults": 101}),
        ("list_fleets", {"farmId": "farm-1"}),
        ("list_queues", {"status": "BORED"}),
        ("search_workers", {"fleetIds": [], "itemOffset": 0}),
        ("search_workers", {"fleetIds": ["fleet-0123456789abcdef0123456789abcdef"], "itemOffset": 0, "pageSize": 101}),
        ("search_workers", {"fleetIds": ["fleet-0123456789abcdef0123456789abcdef"], "itemOffset": 10001}),
        ("update_session", {"targetLifecycleStatus": "STARTED"}),
    ],
)
def test_deadline_rejects_what_the_model_forbids(deadline, studio, operation, changes):
    members = deadline.meta.service_model.operation_model(
        deadline.meta.method_to_api_mapping[operation]
    ).input_shape.members
    parameters = {**{name: value for name, value in studio.items() if name in members}, **changes}
    code, status, _ = failure(getattr(deadline, operation), **parameters)
    assert (code, status) == ("ValidationException", 400)


def raw(service: str, **request: Any) -> Any:
    return Request(service=service, account="000000000000", region="us-east-1", principal="test", **request)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (raw("glue", headers={"x-amz-target": "AWSGlue.ListSessions"}, body=b'{"Limit": 5}'), "ValidationException"),
        (raw("glue", headers={"x-amz-target": "AWSGlue.ListSessions"}, body=b"not json"), "ValidationException"),
        (raw("glue", headers={"x-amz-target": "AWSGlue.ListSessions"}, body=b"[]"), "ValidationException"),
        (raw("deadline", method="GET", path="/2023-10-12/farms", query="limit=5", headers={}), "ValidationException"),
    ],
)
def test_what_no_sdk_would_send_is_rejected_too(request_, code):
    reply = Gateway().handle(request_)
    assert (reply.status, reply.error) == (400, code)


def test_errors_arrive_as_the_exceptions_that_the_sdk_models(cloud, glue, athena, deadline, studio):
    cloud.world.add_glue({"id": "ended", "state": "STOPPED"})
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_session(Id="nope")
    with pytest.raises(glue.exceptions.IllegalSessionStateException):
        glue.stop_session(Id="ended")
    with pytest.raises(athena.exceptions.ResourceNotFoundException):
        athena.get_session(SessionId="nope")
    missing = {**studio, "sessionId": "session-0123456789abcdef0123456789abcdef"}
    with pytest.raises(deadline.exceptions.ResourceNotFoundException) as caught:
        deadline.get_session(**{name: missing[name] for name in ("farmId", "queueId", "jobId", "sessionId")})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert caught.value.response["resourceType"] == "session"


def test_moments_arrive_as_they_were_seeded(cloud, glue, athena, deadline, studio):
    cloud.world.clock.freeze("2030-01-01T12:00:00.250+00:00")
    nine = datetime(2030, 1, 1, 9, 0, 0, 250000, tzinfo=UTC)
    cloud.world.add_glue({"id": "a", "created": "-3h", "statements": [{"started": "-3h"}, {"completed": "-3h"}]})
    cloud.world.add_glue({"id": "b", "statements": [{"started": "-3h", "completed": "-3h", "unit": "s"}]})
    cloud.world.add_athena("science", {"id": "a", "idle_since": "-3h"})
    cloud.world.find("deadline", "idle").started = nine.timestamp()

    assert glue.get_session(Id="a")["Session"]["CreatedOn"] == nine
    running, completed = glue.list_statements(SessionId="a")["Statements"]
    assert (running["StartedOn"], running["CompletedOn"]) == (1893488400250, 0)
    assert (completed["StartedOn"], completed["CompletedOn"]) == (0, 1893488400250)
    assert glue.list_statements(SessionId="b")["Statements"][0]["CompletedOn"] == 1893488400
    status = athena.get_session_status(SessionId="a")["Status"]
    assert status["IdleSinceDateTime"] == nine
    where = {name: studio[name] for name in ("farmId", "fleetId", "workerId")}
    assert deadline.list_sessions_for_worker(**where)["sessions"][0]["startedAt"] == nine


def test_every_answer_fits_the_service_model(cloud, studio):
    cloud.world.add_glue({"id": "a", "session_type": "LIVY", "idle_timeout_minutes": 60, "statements": [{}]})
    cloud.world.add_athena("science", {"id": "a", "tags": {"k": "v"}, "description": "d"})
    at = "arn:aws:{}:us-east-1:000000000000:{}"
    farm, queue, job, fleet, worker, session = studio.values()
    deadline_root = f"/2023-10-12/farms/{farm}"
    job_path = f"{deadline_root}/queues/{queue}/jobs/{job}"
    identifiers = {"farmId": farm, "queueId": queue, "jobId": job}
    batch = {"identifiers": [{**identifiers, "sessionId": s} for s in (session, "session-" + "0" * 32)]}
    targets = [
        ("glue", "AWSGlue.ListSessions", {}),
        ("glue", "AWSGlue.GetSession", {"Id": "a"}),
        ("glue", "AWSGlue.ListStatements", {"SessionId": "a"}),
        ("glue", "AWSGlue.GetTags", {"ResourceArn": at.format("glue", "session/a")}),
        ("glue", "AWSGlue.StopSession", {"Id": "a"}),
        ("glue", "AWSGlue.DeleteSession", {"Id": "a"}),
        ("athena", "AmazonAthena.ListWorkGroups", {}),
        ("athena", "AmazonAthena.ListSessions", {"WorkGroup": "science"}),
        ("athena", "AmazonAthena.GetSession", {"SessionId": "a"}),
        ("athena", "AmazonAthena.GetSessionStatus", {"SessionId": "a"}),
        (
            "athena",
            "AmazonAthena.ListTagsForResource",
            {"ResourceARN": at.format("athena", "workgroup/science/session/a")},
        ),
        ("athena", "AmazonAthena.TerminateSession", {"SessionId": "a"}),
    ]
    paths = [
        ("GET", "/2023-10-12/farms", None),
        ("GET", deadline_root, None),
        ("GET", f"{deadline_root}/queues", None),
        ("GET", f"{deadline_root}/queues/{queue}", None),
        ("GET", f"{deadline_root}/queues/{queue}/jobs", None),
        ("GET", job_path, None),
        ("GET", f"{job_path}/sessions", None),
        ("GET", f"{job_path}/sessions/{session}", None),
        ("GET", f"{job_path}/session-actions", None),
        ("GET", f"{deadline_root}/fleets", None),
        ("GET", f"{deadline_root}/fleets/{fleet}", None),
        ("GET", f"{deadline_root}/fleets/{fleet}/workers", None),
        ("GET", f"{deadline_root}/fleets/{fleet}/workers/{worker}/sessions", None),
        ("POST", f"{deadline_root}/search/workers", {"fleetIds": [fleet], "itemOffset": 0}),
        ("POST", "/2023-10-12/batch-get-session", batch),
        ("GET", "/2023-10-12/tags/arn%3Aaws%3Adeadline%3Aus-east-1%3A000000000000%3Afarm%2F" + farm, None),
        ("PATCH", f"{job_path}/sessions/{session}", {"targetLifecycleStatus": "ENDED"}),
    ]
    requests = [raw(s, headers={"x-amz-target": t}, body=json.dumps(b).encode()) for s, t, b in targets] + [
        raw("deadline", method=m, path=p, headers={}, body=b"" if b is None else json.dumps(b).encode())
        for m, p, b in paths
    ]
    answered = set()
    for request in requests:
        reply = cloud.gateway.handle(request)
        operation = wire(request.service).operation(request)
        assert (operation, reply.status, reply.body) == (operation, 200, reply.body)
        shape: Any = wire(request.service).model.operation_model(operation).output_shape
        problems: list[str] = []
        checker(shape)(json.loads(reply.body), "", problems)
        assert (operation, problems) == (operation, [])
        answered.add((request.service, operation))
    offered = {(name, op) for name, service in cloud.gateway.services.items() for op in service.operations}
    assert offered - answered == {("sts", "GetCallerIdentity")}
