"""The embedded cloud as a process: our services beside ministack's at one endpoint, IAM enforced, driven by its client."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import ProxyHandler, build_opener

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from localcloud.client import LocalCloud, LocalCloudError

WORLD = {
    "accounts": {
        "000000000000": {
            "us-east-1": {
                "glue": [{"id": "mine", "created": "-3h"}, {"id": "other", "created": "-3h"}],
                "athena": {"workgroups": [{"name": "science", "sessions": [{"id": "a", "idle_since": "-2h"}]}]},
                "deadline": {"farms": [{"id": "studio", "tags": {"team": "film"}}]},
            }
        },
        "111111111111": {"eu-central-1": {"glue": [{"id": "theirs"}]}},
    },
    "alibaba": {"regions": {"cn-hangzhou": {"workspaces": []}}},
}
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}


@pytest.fixture(scope="module")
def running() -> Iterator[LocalCloud]:
    with LocalCloud.start(auth=True) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: LocalCloud) -> LocalCloud:
    running.reset()
    running.seed(WORLD)
    return running


@pytest.fixture
def client(cloud: LocalCloud) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []
    connect: Any = boto3.client

    def make(service: str, **credentials: str) -> Any:
        settings = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
        made.append(connect(service, endpoint_url=cloud.url, config=config, **{**settings, **credentials}))
        return made[-1]

    yield make
    for used in made:
        used.close()


@pytest.fixture
def role(client: Callable[..., Any]) -> Iterator[Callable[..., dict[str, str]]]:
    iam, name = client("iam"), "reader"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))

    def assume(*statements: dict[str, Any]) -> dict[str, str]:
        granted = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
        iam.put_role_policy(RoleName=name, PolicyName="granted", PolicyDocument=json.dumps(granted))
        arn = f"arn:aws:iam::000000000000:role/{name}"
        given = client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }

    yield assume
    iam.delete_role_policy(RoleName=name, PolicyName="granted")
    iam.delete_role(RoleName=name)


def denied(call: Callable[..., Any], **parameters: Any) -> bool:
    try:
        call(**parameters)
    except ClientError as error:
        return error.response.get("Error", {}).get("Code") == "AccessDeniedException"
    return False


def test_our_services_and_the_rest_of_aws_answer_at_one_endpoint(client):
    assert client("glue").list_sessions()["Ids"] == ["mine", "other"]
    assert client("athena").list_sessions(WorkGroup="science")["Sessions"][0]["SessionId"] == "a"
    farm = client("deadline").list_farms()["farms"][0]["farmId"]
    arn = f"arn:aws:deadline:us-east-1:000000000000:farm/{farm}"
    assert client("deadline").list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "film"}
    assert client("glue").get_databases()["DatabaseList"] == []
    assert client("cloudformation").list_stacks()["StackSummaries"] == []
    assert client("sts").get_caller_identity()["Account"] == "000000000000"


def test_an_access_key_of_twelve_digits_is_an_account(client):
    elsewhere = client("glue", aws_access_key_id="111111111111", region_name="eu-central-1")
    assert elsewhere.list_sessions()["Ids"] == ["theirs"]


def test_what_a_role_is_not_granted_is_denied_and_recorded(cloud, client, role):
    farm = client("deadline").list_farms()["farms"][0]["farmId"]
    mine = role(
        {"Action": ["glue:ListSessions", "athena:ListWorkGroups", "deadline:ListFarms"], "Resource": "*"},
        {"Action": "glue:GetSession", "Resource": "arn:aws:glue:us-east-1:000000000000:session/mine"},
        {
            "Action": ["athena:ListSessions", "athena:GetSession"],
            "Resource": "arn:aws:athena:us-east-1:000000000000:workgroup/science",
        },
    )
    glue, athena, deadline = (client(service, **mine) for service in ("glue", "athena", "deadline"))
    cloud.clear_calls()
    assert glue.list_sessions()["Ids"] == ["mine", "other"]
    assert glue.get_session(Id="mine")["Session"]["Id"] == "mine"
    assert denied(glue.get_session, Id="other")
    assert denied(glue.stop_session, Id="mine")
    assert athena.get_session(SessionId="a")["SessionId"] == "a"
    assert denied(athena.terminate_session, SessionId="a")
    assert len(deadline.list_farms()["farms"]) == 1
    assert denied(deadline.list_fleets, farmId=farm)
    assert cloud.stops() == []
    recorded = [(f"{call['service']}:{call['operation']}", call["status"]) for call in cloud.calls()]
    assert ("glue:StopSession", 403) in recorded
    assert ("deadline:ListFleets", 403) in recorded
    assert {call["principal"] for call in cloud.calls()} == {"arn:aws:sts::000000000000:assumed-role/reader/test"}


def test_a_granted_stop_takes_effect_under_the_roles_name(cloud, client, role):
    glue = client("glue", **role({"Action": "glue:StopSession", "Resource": "*"}))
    glue.stop_session(Id="mine")
    (stop,) = cloud.stops()
    assert (stop["session"], stop["principal"]) == ("mine", "arn:aws:sts::000000000000:assumed-role/reader/test")
    assert cloud.violations() == []


def test_the_calls_that_ministack_answers_are_recorded_too(cloud, client):
    cloud.clear_calls()
    client("sns").list_topics()
    assert [(call["service"], call["operation"], call["status"]) for call in cloud.calls("sns")] == [
        ("sns", "ListTopics", 200)
    ]


def test_the_client_seeds_wakes_and_breaks_the_world(cloud, client):
    glue = client("glue")
    cloud.wake("glue", "mine", operation="GetSession", match={"Id": "mine"})
    glue.get_session(Id="mine")
    assert [s["open_work"] for s in cloud.sessions() if s["id"] == "mine"] == ["statement 0 RUNNING"]
    glue.stop_session(Id="mine")
    assert [violation["killed"] for violation in cloud.violations()] == ["statement 0 RUNNING"]
    cloud.add("athena", {"id": "new"}, workgroup="science")
    cloud.work("athena", "new")
    assert client("athena").get_session_status(SessionId="new")["Status"]["State"] == "BUSY"
    cloud.complete("athena", "new")
    assert client("athena").get_session_status(SessionId="new")["Status"]["State"] == "IDLE"
    cloud.fault("timeout", "glue", times=1)
    with pytest.raises(ConnectionClosedError):
        glue.list_sessions()
    assert glue.list_sessions()["Ids"] == ["mine", "other"]
    cloud.fault("throttled", "deadline", retry_after=3)
    with pytest.raises(ClientError, match="Rate exceeded"):
        client("deadline").list_farms()
    cloud.clear_faults()
    assert len(client("deadline").list_farms()["farms"]) == 1


def test_an_advanced_clock_makes_sessions_older(cloud, client):
    before = client("glue").get_session(Id="mine")["Session"]["CreatedOn"]
    cloud.advance(3600)
    after = client("glue").get_session(Id="mine")["Session"]["CreatedOn"]
    assert (before - after).total_seconds() == pytest.approx(3600)


def test_a_mistake_in_the_control_api_is_explained(cloud):
    with pytest.raises(LocalCloudError, match="unknown acounts"):
        cloud.seed({"acounts": {}})
    with pytest.raises(LocalCloudError, match="unknown kind of fault"):
        cloud.fault("gremlins")


def test_the_environment_points_at_both_clouds(cloud):
    environment = cloud.env(region="eu-central-1")
    assert environment["AWS_ENDPOINT_URL"] == cloud.url
    assert environment["AWS_REGION"] == "eu-central-1"
    alibaba = environment["ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK"]
    opener = build_opener(ProxyHandler({}))
    opener.addheaders = [("user-agent", "test")]
    with pytest.raises(OSError, match="HTTP Error 4"):
        opener.open(f"{alibaba}/api/v1/workspaces", timeout=5)


def test_a_stopped_cloud_leaves_no_process_behind():
    with LocalCloud.start() as cloud:
        process = cloud._process.pid
    with pytest.raises(ProcessLookupError):
        os.killpg(process, 0)


def test_mail_is_kept_as_sns_delivers_it_to_those_whose_filter_lets_it_pass(cloud, client):
    sns = client("sns")
    topic = sns.create_topic(Name="reports")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ada@example.com")
    choosy = {"FilterPolicy": json.dumps({"severity": ["error"]})}
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="bob@example.com", Attributes=choosy)

    sns.publish(
        TopicArn=topic,
        Subject="A sweep",
        Message=json.dumps({"default": "{}", "email": "Nothing found."}),
        MessageStructure="json",
        MessageAttributes={"severity": {"DataType": "String", "StringValue": "info"}},
    )

    assert cloud.mail() == [{"to": "ada@example.com", "subject": "A sweep", "text": "Nothing found."}]
