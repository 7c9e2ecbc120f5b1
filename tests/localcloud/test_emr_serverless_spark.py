"""The embedded EMR Serverless Spark refuses what the vendor refuses, and does to a world what the vendor would."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import urllib3

from localcloud.emr_serverless_spark import ACCESS_KEY_ID, ACCESS_KEY_SECRET, AlibabaServer
from localcloud.emr_state import CONNECTION_TOKEN
from localcloud.world import World
from reaper.providers.emr_serverless_spark.signing import Credentials, Request, canonical_query, signed_headers

SESSIONS = "/api/v1/workspaces/w-1/sessionClusters"
STOP = f"{SESSIONS}/action/stopSessionCluster"
DOCUMENT = {
    "alibaba": {
        "account": "1234567890123456",
        "regions": {
            "cn-hangzhou": {
                "workspaces": [
                    {
                        "id": "w-1",
                        "name": "science",
                        "tags": {"team": "ml"},
                        "sessions": [
                            {"id": "sc-up", "kind": "SQL", "started": "-9h"},
                            {"id": "sc-busy", "working": "a query of ada's"},
                            {"id": "sc-ended", "state": "Stopped"},
                            {"id": "sc-odd", "state": "Hibernating", "auto_stop": None, "queue": None},
                        ],
                    },
                    {"id": "w-empty"},
                ]
            }
        },
    }
}


class Caller:
    """Sends raw signed requests, and can get any part of them wrong."""

    def __init__(self, server, http):
        self.server = server
        self.http = http
        self.credentials = Credentials(ACCESS_KEY_ID, ACCESS_KEY_SECRET)

    def send(self, action, path, query=None, *, body=None, **wrong):
        host = self.server.url.removeprefix("http://")
        payload = b"" if body is None else json.dumps(body).encode()
        request = Request(
            method=wrong.pop("method", "GET" if body is None else "POST"),
            host=host,
            path=path,
            action=action,
            version=wrong.pop("version", "2023-08-08"),
            query=query or {},
            body=payload,
            content_type=None if body is None else "application/json",
        )
        date = wrong.pop("date", datetime.now(UTC))
        nonce = wrong.pop("nonce", None) or uuid4().hex
        headers = signed_headers(request, self.credentials, date=date, nonce=nonce) | wrong.pop("headers", {})
        url = f"{self.server.url}{path}?{canonical_query(request.query)}"
        response = self.http.request(
            request.method, url, body=wrong.pop("sent", payload) or None, headers=headers, retries=False
        )
        return response.status, json.loads(response.data), response.headers

    def code(self, *arguments, **options):
        status, body, _ = self.send(*arguments, **options)
        return status, body.get("Code")


@pytest.fixture
def server():
    world = World()
    world.seed(DOCUMENT)
    with AlibabaServer(
        world,
        tokens={"STS.temporary": "token"},
        keys={ACCESS_KEY_ID: ACCESS_KEY_SECRET, "STS.temporary": "temporary-secret"},
    ) as running:
        yield running


@pytest.fixture
def caller(server):
    with urllib3.PoolManager() as http:
        yield Caller(server, http)


def test_lists_workspaces_and_leaves_out_a_tag_list_that_would_be_empty(caller):
    _, body, _ = caller.send("ListWorkspaces", "/api/v1/workspaces")

    first, second = body["workspaces"]
    assert first["tags"] == [{"tagKey": "team", "tagValue": "ml"}]
    assert "tags" not in second


def test_lists_ended_and_unknown_states_and_hands_out_connection_tokens(caller):
    _, body, _ = caller.send("ListSessionClusters", SESSIONS)

    assert [row["state"] for row in body["sessionClusters"]] == ["Running", "Running", "Stopped", "Hibernating"]
    assert {row["connectionToken"] for row in body["sessionClusters"]} == {CONNECTION_TOKEN}


def test_leaves_out_a_list_that_would_be_empty(caller):
    status, body, _ = caller.send("ListSessionClusters", "/api/v1/workspaces/w-empty/sessionClusters")

    assert (status, "sessionClusters" in body, "nextToken" in body) == (200, False, False)


def test_pages_by_token(caller):
    _, first, _ = caller.send("ListSessionClusters", SESSIONS, {"maxResults": "3"})
    _, second, _ = caller.send("ListSessionClusters", SESSIONS, {"maxResults": "3", "nextToken": first["nextToken"]})

    assert [len(first["sessionClusters"]), len(second["sessionClusters"])] == [3, 1]
    assert "nextToken" not in second


def test_filters_by_kind_queue_and_id(caller):
    def ids(query):
        return [
            row["sessionClusterId"] for row in caller.send("ListSessionClusters", SESSIONS, query)[1]["sessionClusters"]
        ]

    assert ids({"kind": "SQL"}) == ["sc-up"]
    assert ids({"queueName": "root_queue"}) == ["sc-up", "sc-busy", "sc-ended"]
    assert ids({"sessionClusterId": "sc-odd"}) == ["sc-odd"]


def test_tells_moments_in_milliseconds_as_old_as_the_moved_clock_says(caller, server):
    server.world.clock.advance(3600)

    _, body, _ = caller.send("GetSessionCluster", f"{SESSIONS}/sc-up")

    started = datetime.fromtimestamp(body["sessionCluster"]["startTime"] / 1000, UTC)
    assert timedelta(hours=10) <= datetime.now(UTC) - started < timedelta(hours=10, minutes=1)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"maxResults": "0"}, SESSIONS),
        ({"maxResults": "101"}, SESSIONS),
        ({"maxResults": "many"}, SESSIONS),
        ({"kind": "PYTHON"}, SESSIONS),
        ({"nextToken": "made-up"}, SESSIONS),
        ({"state": "Running"}, SESSIONS),
        ({"pageSize": "10"}, SESSIONS),
    ],
)
def test_refuses_parameters_out_of_range_or_unknown(caller, query, path):
    assert caller.code("ListSessionClusters", path, query) == (400, "InvalidParameter")


def test_refuses_a_stop_without_a_session_or_with_an_unknown_member(caller):
    assert caller.code("StopSessionCluster", STOP, body={}) == (400, "MissingParameter")
    assert caller.code("StopSessionCluster", STOP, body={"sessionClusterId": "sc-up", "force": "yes"}) == (
        400,
        "InvalidParameter",
    )


def test_refuses_wrong_version_action_path_and_method(caller):
    assert caller.code("ListWorkspaces", "/api/v1/workspaces", version="2024-01-01") == (404, "InvalidVersion")
    assert caller.code("DeleteWorkspace", "/api/v1/workspaces") == (404, "InvalidAction.NotFound")
    assert caller.code("ListWorkspaces", "/api/v1/workspace") == (404, "InvalidAction.NotFound")
    assert caller.code("StopSessionCluster", STOP, method="GET") == (404, "InvalidAction.NotFound")


def test_knows_no_workspace_or_session_that_is_not_there(caller):
    assert caller.code("ListSessionClusters", "/api/v1/workspaces/w-9/sessionClusters") == (404, "Workspace.NotFound")
    assert caller.code("GetSessionCluster", f"{SESSIONS}/sc-9") == (404, "SessionCluster.NotFound")


@pytest.mark.parametrize(
    ("credentials", "wrong", "answer"),
    [
        (Credentials("unknown", "x"), {}, (404, "InvalidAccessKeyId.NotFound")),
        (Credentials(ACCESS_KEY_ID, "wrong"), {}, (400, "SignatureDoesNotMatch")),
        (Credentials("STS.temporary", "temporary-secret"), {}, (400, "InvalidSecurityToken.Malformed")),
        (Credentials("STS.temporary", "temporary-secret", "old"), {}, (400, "InvalidSecurityToken.Malformed")),
        (None, {"date": datetime(2020, 1, 1, tzinfo=UTC)}, (400, "InvalidTimeStamp.Expired")),
        (None, {"headers": {"Authorization": "Bearer x"}}, (400, "IncompleteSignature")),
        (None, {"headers": {"x-acs-unsigned": "x"}}, (400, "IncompleteSignature")),
        (None, {"headers": {"x-acs-date": "2026-03-01T10:00:00Z"}}, (400, "SignatureDoesNotMatch")),
    ],
)
def test_refuses_what_is_not_signed_as_it_should_be(caller, credentials, wrong, answer):
    caller.credentials = credentials or caller.credentials

    assert caller.code("ListWorkspaces", "/api/v1/workspaces", **wrong) == answer


def test_accepts_temporary_credentials_with_their_token(caller):
    caller.credentials = Credentials("STS.temporary", "temporary-secret", "token")

    assert caller.code("ListWorkspaces", "/api/v1/workspaces") == (200, None)


def test_refuses_a_body_changed_after_signing_and_a_nonce_used_twice(caller, server):
    body = {"sessionClusterId": "sc-up"}
    assert caller.code("StopSessionCluster", STOP, body=body, sent=b'{"sessionClusterId": "sc-busy"}') == (
        400,
        "InvalidContentSha256",
    )
    assert caller.code("ListWorkspaces", "/api/v1/workspaces", nonce="once") == (200, None)
    assert caller.code("ListWorkspaces", "/api/v1/workspaces", nonce="once") == (400, "SignatureNonceUsed")
    assert server.world.stops() == []


def test_a_stop_takes_a_while_and_is_remembered(caller, server):
    status, body, _ = caller.send(
        "StopSessionCluster", STOP, body={"sessionClusterId": "sc-up", "queueName": "root_queue"}
    )
    _, during, _ = caller.send("GetSessionCluster", f"{SESSIONS}/sc-up")
    server.world.clock.advance(11)
    _, after, _ = caller.send("GetSessionCluster", f"{SESSIONS}/sc-up")

    assert (status, body["sessionClusterId"]) == (200, "sc-up")
    assert [during["sessionCluster"]["state"], after["sessionCluster"]["state"]] == ["Stopping", "Stopped"]
    assert [(stop.session, stop.account, stop.killed) for stop in server.world.stops()] == [
        ("sc-up", "1234567890123456", None)
    ]
    assert server.world.violations() == []


def test_a_stop_that_kills_work_is_a_violation(caller, server):
    caller.send("StopSessionCluster", STOP, body={"sessionClusterId": "sc-busy"})

    assert [stop.killed for stop in server.world.violations()] == ["a query of ada's"]


def test_refuses_to_stop_what_is_not_up(caller, server):
    refused = (400, "OperationDenied.SessionClusterState")

    assert caller.code("StopSessionCluster", STOP, body={"sessionClusterId": "sc-ended"}) == refused
    assert server.world.stops() == []


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ({"kind": "denied"}, (403, "Forbidden.RAM")),
        ({"kind": "throttled"}, (429, "Throttling.User")),
        ({"kind": "server_error"}, (503, "ServiceUnavailable")),
        ({"kind": "expired_credentials"}, (400, "InvalidSecurityToken.Expired")),
        ({"kind": "invalid_credentials"}, (404, "InvalidAccessKeyId.NotFound")),
        ({"kind": "error", "code": "Odd", "status": 418}, (418, "Odd")),
    ],
)
def test_answers_faults_in_the_vendors_words(caller, server, fault, answer):
    server.faults.add(service="emr-serverless-spark", operation="ListWorkspaces", times=1, **fault)

    assert caller.code("ListWorkspaces", "/api/v1/workspaces") == answer
    assert caller.code("ListWorkspaces", "/api/v1/workspaces") == (200, None)


def test_a_fault_can_be_about_one_workspace(caller, server):
    server.faults.add("denied", operation="ListSessionClusters", match={"workspaceId": "w-empty"})

    assert caller.code("ListSessionClusters", "/api/v1/workspaces/w-empty/sessionClusters") == (403, "Forbidden.RAM")
    assert caller.code("ListSessionClusters", SESSIONS) == (200, None)


def test_throttling_can_say_how_long_in_milliseconds(caller, server):
    server.faults.add("throttled", retry_after=2)

    _, _, headers = caller.send("ListWorkspaces", "/api/v1/workspaces")

    assert headers["x-acs-retry-after"] == "2000"


def test_lists_can_be_made_strange(caller, server):
    server.faults.add("empty_page_with_token", operation="ListSessionClusters")
    _, empty, _ = caller.send("ListSessionClusters", SESSIONS)
    _, full, _ = caller.send("ListSessionClusters", SESSIONS, {"nextToken": empty["nextToken"]})
    server.faults.clear()
    server.faults.add("repeat_token", operation="ListSessionClusters")
    _, first, _ = caller.send("ListSessionClusters", SESSIONS)
    _, second, _ = caller.send("ListSessionClusters", SESSIONS, {"nextToken": first["nextToken"]})

    assert ("sessionClusters" in empty, len(full["sessionClusters"])) == (False, 4)
    assert first["nextToken"] == second["nextToken"]


def test_a_connection_can_be_closed_unanswered(caller, server):
    server.faults.add("timeout")

    with pytest.raises(urllib3.exceptions.ProtocolError):
        caller.send("ListWorkspaces", "/api/v1/workspaces")


def test_records_every_call_refused_ones_too_and_no_secret(caller, server):
    caller.send("ListSessionClusters", SESSIONS, {"regionId": "cn-hangzhou", "maxResults": "3"})
    caller.send("StopSessionCluster", STOP, body={"sessionClusterId": "sc-ended"})

    listed, refused = server.record.list()
    assert (listed.key, listed.status, listed.error, listed.region, listed.principal) == (
        "emr-serverless-spark:ListSessionClusters",
        200,
        None,
        "cn-hangzhou",
        ACCESS_KEY_ID,
    )
    assert listed.parameters == {"workspaceId": "w-1", "regionId": "cn-hangzhou", "maxResults": 3}
    assert (refused.status, refused.error) == (400, "OperationDenied.SessionClusterState")
    assert CONNECTION_TOKEN not in repr(server.record.list())


def test_a_world_seeded_again_is_another_world(caller, server):
    caller.send("StopSessionCluster", STOP, body={"sessionClusterId": "sc-up"})
    server.world.seed(DOCUMENT)

    _, body, _ = caller.send("GetSessionCluster", f"{SESSIONS}/sc-up")

    assert body["sessionCluster"]["state"] == "Running"


def test_a_typo_in_a_world_is_an_error_that_names_the_place(server):
    server.world.seed({"alibaba": {"regions": {"cn-hangzhou": {"workspaces": [{"id": "w", "session": []}]}}}})

    with pytest.raises(ValueError, match=r"regions\.cn-hangzhou\.workspaces\[0\]: unknown session"):
        server.regions()
