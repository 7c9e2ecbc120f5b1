"""The real stack, deployed by the real CDK command line, on the embedded cloud with IAM enforced.

One deployment serves all tests, in the order they stand: first in enforce mode, then updated to report mode.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localcloud.client import LocalCloud
from localcloud.demo.world import ALIBABA_REGION, DENIED_WORKGROUP
from localcloud.deployment import Delivered, Deployment, Inbox, bootstrap, client, deploy
from localcloud.document import deadline_id
from localcloud.emr_serverless_spark import ACCESS_KEY_ID, ACCESS_KEY_SECRET

pytestmark = pytest.mark.e2e

POLICIES = {
    "version": 1,
    "policies": [
        {"name": "production", "when": {"tags": {"env": "prod*"}}, "then": "protect"},
        {"name": "idle", "when": {"phase": "idle", "idle_for": ">= 1h"}, "then": "stop"},
        {"name": "old", "services": ["emr-serverless-spark"], "when": {"age": "> 1d"}, "then": "report"},
    ],
    "guards": {"max_stop_share": 1.0},
}
SERVICES = {"glue", "athena", "deadline", "emr-serverless-spark"}
SECRET = "session-reaper/alibaba"


def glue(name: str, *, statement: str = "AVAILABLE", **more: Any) -> dict[str, Any]:
    times = {"started": "-3h"} if statement == "RUNNING" else {"started": "-3h", "completed": "-3h"}
    return {"id": name, "state": "READY", "created": "-9h", "statements": [{"state": statement, **times}], **more}


def athena(name: str, state: str = "IDLE") -> dict[str, Any]:
    idle = {"idle_since": "-3h"} if state == "IDLE" else {}
    return {"id": name, "state": state, "started": "-9h", **idle}


def deadline(name: str, action: dict[str, Any]) -> dict[str, Any]:
    session = {"id": name, "queue": "q", "job": "j", "state": "STARTED", "started": "-9h", "actions": [action]}
    return {"id": f"w-{name}", "status": "RUNNING", "sessions": [session]}


WORLD = {
    "accounts": {
        "000000000000": {
            "us-east-1": {
                "glue": [
                    glue("idle"),
                    glue("busy", statement="RUNNING"),
                    glue("production", tags={"env": "prod-eu"}),
                    glue("connect", session_type="SPARK_CONNECT"),
                ],
                "athena": {
                    "workgroups": [
                        {
                            "name": "science",
                            "engine": "PySpark engine version 3",
                            "sessions": [athena("athena-idle"), athena("athena-busy", "BUSY")],
                        },
                        {
                            "name": DENIED_WORKGROUP,
                            "engine": "PySpark engine version 3",
                            "sessions": [athena("athena-hidden")],
                        },
                    ]
                },
                "deadline": {
                    "farms": [
                        {
                            "id": "f",
                            "queues": [{"id": "q", "jobs": [{"id": "j"}]}],
                            "fleets": [
                                {
                                    "id": "fl",
                                    "workers": [
                                        deadline("lingering", {"id": "a", "status": "SUCCEEDED", "ended": "-3h"}),
                                        deadline("rendering", {"id": "b", "status": "RUNNING", "started": "-3h"}),
                                    ],
                                }
                            ],
                        }
                    ]
                },
            }
        }
    },
    "alibaba": {
        "regions": {
            ALIBABA_REGION: {
                "workspaces": [
                    {
                        "id": "w-1",
                        "name": "analytics",
                        "sessions": [{"id": "sc-old", "state": "Running", "started": "-3d"}],
                    }
                ]
            }
        }
    },
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud.start(auth=True) as cloud:
        bootstrap(cloud)
        pair = {"access_key_id": ACCESS_KEY_ID, "access_key_secret": ACCESS_KEY_SECRET}
        client(cloud, "secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(pair))
        yield cloud


@pytest.fixture(scope="module")
def enforcing(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    policies: Path = tmp_path_factory.mktemp("policies") / "policies.json"
    policies.write_text(json.dumps(POLICIES))
    return deploy(
        cloud,
        {
            "mode": "enforce",
            "services": "glue,athena,deadline,emr-serverless-spark",
            "policies": str(policies),
            "emails": "team@example.org",
            # A scheduled sweep may come between a test and its own, and tell the news first.
            "notify": "always",
            # It is destroyed in the end, with everything in it.
            "keep_data": "false",
            "alibaba_region": ALIBABA_REGION,
            "alibaba_secret": SECRET,
            "alibaba_endpoint": cloud.env()["ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK"],
        },
    )


@pytest.fixture(scope="module")
def reporting(enforcing: Deployment) -> Deployment:
    return enforcing.update({"mode": "report", "schedule": "cron(* * * * ? *)"})


@pytest.fixture(scope="module")
def inbox(enforcing: Deployment) -> Inbox:
    return enforcing.subscribe()


@pytest.fixture
def world(cloud: LocalCloud, enforcing: Deployment) -> LocalCloud:
    """The world as it begins, of which nothing is remembered yet."""
    enforcing.forget()
    cloud.reset()
    cloud.seed(WORLD)
    return cloud


@pytest.fixture
def delivered(enforcing: Deployment) -> Iterator[Deployment]:
    """The deployment, with what AppConfig delivers put back afterwards."""
    yield enforcing
    enforcing.deliver("Policies", json.dumps(POLICIES))
    enforcing.deliver("Switch", '{"report_only": false}')


def sweep(deployment: Deployment, inbox: Inbox) -> tuple[dict[str, Any], Delivered]:
    """What one invocation answered, and the message it sent."""
    answer = deployment.invoke()
    while True:
        message = inbox.receive()
        if message.report["run_id"] == answer["run_id"]:
            return answer, message


def outcomes(message: Delivered) -> dict[str, str]:
    return {finding["ref"]["id"]: finding["outcome"] for finding in message.report["findings"]}


def stopped(cloud: LocalCloud) -> set[str]:
    return {stop["session"] for stop in cloud.stops()}


def session_calls(cloud: LocalCloud) -> list[dict[str, Any]]:
    return [call for call in cloud.calls() if call["service"] in SERVICES]


def metrics(deployment: Deployment, run_id: str) -> dict[str, float]:
    """The metrics that one sweep wrote to its log, by name."""
    lines = [line for line in deployment.log_lines() if line.startswith(("{", "START"))]
    [start] = [number for number, line in enumerate(lines) if line.startswith("START") and run_id in line]
    end = next((number for number in range(start + 1, len(lines)) if lines[number].startswith("START")), len(lines))
    told = [json.loads(line) for line in lines[start:end] if '"_aws"' in line]
    return {
        metric["Name"]: sum(emf[metric["Name"]])
        for emf in told
        for metric in emf["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


def test_on_a_fresh_stack_no_alarm_goes_off_and_the_one_for_a_missed_run_counts_from_the_deployment(enforcing):
    cloudwatch = enforcing.client("cloudwatch")
    alarms = {alarm["MetricName"]: alarm["StateValue"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}
    now = datetime.now(UTC)

    assert "Sweeps" in alarms
    assert "ALARM" not in alarms.values()
    counted = cloudwatch.get_metric_statistics(
        Namespace="SessionReaper",
        MetricName="Sweeps",
        Dimensions=[{"Name": "service", "Value": enforcing.name}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sum(point["Sum"] for point in counted) >= 1


def test_in_enforce_mode_what_is_idle_is_stopped_and_nothing_else(enforcing, inbox, world):
    answer, message = sweep(enforcing, inbox)

    lingering = deadline_id("session", "lingering")
    assert outcomes(message) == {
        "idle": "stopped",
        "production": "protected",
        "connect": "undetermined",
        "athena-idle": "stopped",
        "athena-hidden": "stopped",
        lingering: "stopped",
        "sc-old": "reported",
    }
    assert stopped(world) == {"idle", "athena-idle", "athena-hidden", lingering}
    assert world.violations() == []
    assert answer == {key: value for key, value in message.report.items() if key not in {"findings", "audience"}}


def test_its_role_is_granted_every_call_it_makes(world, enforcing, inbox):
    sweep(enforcing, inbox)

    assert {call["service"] for call in session_calls(world)} == SERVICES
    assert [call for call in world.calls() if call["error"]] == []


def test_the_message_is_one_that_people_read_and_subscriptions_filter(world, enforcing, inbox):
    _, message = sweep(enforcing, inbox)
    mail = world.mail()[-1]

    assert message.subject == mail["subject"]
    assert message.subject.startswith("Session Reaper, enforce mode: 4 stopped")
    assert message.attributes["severity"] == "notice"
    assert json.loads(message.attributes["service"]) == ["athena", "deadline", "emr-serverless-spark", "glue"]
    assert mail["to"] == "team@example.org"
    assert " ".join(mail["text"].split()).count(" was stopped where ") == 4
    assert "policy production" in mail["text"]


def test_what_cannot_be_read_is_blind_and_counted_and_the_rest_goes_on(world, enforcing, inbox):
    world.fault("denied", "athena", "ListSessions", match={"WorkGroup": DENIED_WORKGROUP})

    _, message = sweep(enforcing, inbox)

    [blind] = message.report["blind"]
    assert blind["scope"] == {"workgroup": DENIED_WORKGROUP}
    assert "athena:ListSessions" in blind["error"]
    assert outcomes(message)["athena-idle"] == "stopped"
    assert message.attributes["blind"] == "true"
    assert message.attributes["severity"] == "warning"
    assert metrics(enforcing, message.report["run_id"])["BlindScopes"] == 1


def test_a_session_that_wakes_up_just_before_its_stop_is_spared(world, enforcing, inbox):
    world.wake("glue", "idle", operation="GetSession", calls=1)

    _, message = sweep(enforcing, inbox)

    assert outcomes(message)["idle"] == "spared"
    assert "idle" not in stopped(world)
    assert world.violations() == []


def test_a_stop_that_iam_denies_is_failed_and_the_session_runs_on(world, enforcing, inbox):
    iam = enforcing.client("iam")
    role = enforcing.client("lambda").get_function_configuration(FunctionName=enforcing.outputs["FunctionName"])["Role"]
    denied = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "glue:StopSession", "Resource": "*"}}
    name = role.rpartition("/")[2]
    iam.put_role_policy(RoleName=name, PolicyName="deny", PolicyDocument=json.dumps(denied))
    try:
        _, message = sweep(enforcing, inbox)
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="deny")

    [failed] = [one for one in message.report["findings"] if one["outcome"] == "failed"]
    assert failed["ref"]["id"] == "idle"
    assert "glue:StopSession" in failed["detail"]
    assert "idle" not in stopped(world)
    assert message.attributes["severity"] == "error"
    assert metrics(enforcing, message.report["run_id"])["FailedStops"] == 1


def test_policies_change_through_appconfig_without_a_deployment(world, delivered, inbox):
    kept = {
        **POLICIES,
        "policies": [{"name": "all", "when": {"service": "*"}, "then": "protect"}, *POLICIES["policies"]],
    }
    delivered.deliver("Policies", json.dumps(kept))

    _, message = sweep(delivered, inbox)

    assert outcomes(message)["idle"] == "protected"
    assert stopped(world) == set()


def test_the_switch_forces_report_mode_at_the_next_sweep(world, delivered, inbox):
    delivered.deliver("Switch", '{"report_only": true}')

    _, message = sweep(delivered, inbox)

    assert message.report["mode"] == "report"
    assert outcomes(message)["idle"] == "would_stop"
    assert stopped(world) == set()
    assert message.report["notes"] == ["nothing is stopped: the switch in AppConfig forces report mode"]


@pytest.mark.parametrize("corrupt", ["{", '{"version": 1, "policies": [{"name": "idle", "when": {}, "then": "stop"}]}'])
def test_corrupt_policies_stop_nothing_look_at_nothing_and_are_said_everywhere(world, delivered, inbox, corrupt):
    delivered.deliver("Policies", corrupt)

    answer, message = sweep(delivered, inbox)

    assert "the policies in AppConfig" in answer["error"]
    assert answer["error"] == message.report["error"]
    assert len(answer["blind"]) == 4
    assert message.attributes["severity"] == "error"
    assert session_calls(world) == []
    assert stopped(world) == set()
    assert metrics(delivered, answer["run_id"])["CorruptPolicy"] == 1


def test_a_switch_that_cannot_be_understood_stops_nothing(world, delivered, inbox):
    delivered.deliver("Switch", '{"report_only": "no"}')

    answer, message = sweep(delivered, inbox)

    assert answer["mode"] == "report"
    assert [blind["service"] for blind in answer["blind"]] == ["appconfig"]
    assert outcomes(message)["idle"] == "would_stop"
    assert stopped(world) == set()


def test_in_report_mode_the_same_is_found_and_nothing_is_stopped(reporting, inbox, world):
    _, message = sweep(reporting, inbox)

    found = outcomes(message)
    assert found["idle"] == found["athena-idle"] == found[deadline_id("session", "lingering")] == "would_stop"
    assert message.report["mode"] == "report"
    assert stopped(world) == set()
    assert {call["service"] for call in session_calls(world)} == SERVICES
    assert all(call["operation"].startswith(("List", "Get")) for call in session_calls(world))
    assert [call for call in world.calls() if call["error"]] == []


@pytest.mark.usefixtures("reporting")
def test_the_schedule_runs_the_function_by_itself(inbox, world):
    inbox.empty()

    # One that was under way while the world was made anew may have seen none of it.
    while "idle" not in outcomes(message := inbox.receive(90)):
        continue

    assert outcomes(message)["idle"] == "would_stop"
    assert stopped(world) == set()


def test_a_stack_that_was_delivered_to_and_has_recorded_sweeps_is_destroyed_and_leaves_nothing(reporting):
    outputs = reporting.outputs
    s3, appconfig = reporting.client("s3"), reporting.client("appconfig")
    assert s3.list_objects_v2(Bucket=outputs["HistoryBucketName"])["KeyCount"] > 0
    versions = appconfig.list_hosted_configuration_versions(
        ApplicationId=outputs["ApplicationId"], ConfigurationProfileId=outputs["PoliciesProfileId"]
    )
    assert len(versions["Items"]) > 1

    reporting.destroy()

    assert appconfig.list_applications()["Items"] == []
    assert outputs["HistoryBucketName"] not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert reporting.client("dynamodb").list_tables()["TableNames"] == []
