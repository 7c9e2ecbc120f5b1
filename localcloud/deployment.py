"""Deploys the real stack into the embedded cloud with the real CDK command line, and works with what was deployed.

Used by the demo and by the end-to-end tests; never by the product.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import botocore.session

from localcloud.client import LocalCloud

ROOT: Final = Path(__file__).resolve().parent.parent
CDK: Final = ROOT / "node_modules" / ".bin" / "cdk"
_TIMEOUT: Final = 300


class DeploymentError(Exception):
    """The CDK command line failed. ``str(error)`` has the end of what it said."""


@dataclass(frozen=True)
class Delivered:
    """One message as a subscribed queue received it: the report, and the attributes that filter policies see."""

    subject: str
    report: Mapping[str, Any]
    attributes: Mapping[str, str]


Received = TypeVar("Received")


class Inbox(Generic[Received]):
    """A queue of its own, and what comes into it."""

    def __init__(self, sqs: Any, url: str, read: Callable[[dict[str, Any]], Received]) -> None:
        """``sqs`` is the client that receives from ``url``; ``read`` makes something of the JSON that came."""
        self._sqs = sqs
        self._url = url
        self._read = read

    def receive(self, seconds: float = 20) -> Received:
        """The next message, at the latest after ``seconds``; raises :class:`TimeoutError`."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            # The wait is the emulator's long poll, which ends as soon as there is a message.
            wait = max(1, min(10, int(give_up - time.monotonic())))
            for message in self._sqs.receive_message(
                QueueUrl=self._url, WaitTimeSeconds=wait, MaxNumberOfMessages=1
            ).get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                return self._read(json.loads(message["Body"]))
        raise TimeoutError(f"no message came within {seconds:g} s")

    def empty(self) -> None:
        """Throw away what was delivered and has not been received."""
        while messages := self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=0).get("Messages"):
            for message in messages:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])


@dataclass
class Deployment:
    """A deployed stack, through its outputs."""

    cloud: LocalCloud
    name: str
    outputs: Mapping[str, str]
    context: Mapping[str, str]
    log: Path | None = None
    """Where what the CDK says is kept."""

    def invoke(self, function: str = "FunctionName", event: Mapping[str, Any] | None = None) -> Any:
        """What the function named by that output answers to ``event``; raises :class:`DeploymentError` if it fails."""
        payload = json.dumps(event or {}).encode()
        answer = self.client("lambda").invoke(FunctionName=self.outputs[function], Payload=payload)
        answered = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise DeploymentError(f"the function failed: {answered}")
        return answered

    @property
    def answers_url(self) -> str:
        """Where the API behind the links is reached from this machine; ends with a slash.

        The emulator has no names of its own to give: its path stands for the host of the URL.
        """
        return f"{self.cloud.url}/_aws/execute-api/{self.outputs['AnswersUrl'].partition('//')[2].partition('.')[0]}/"

    def reach(self, link: str) -> str:
        """A link of a message as this machine, and a browser on it, reaches it.

        A browser that is to see the link's own host can be told where that is instead, and the link begin with ``http:``:
        ``chromium --host-resolver-rules="MAP *.amazonaws.com 127.0.0.1:PORT"``, with the port of :attr:`LocalCloud.url`.
        """
        if not link.startswith(self.outputs["AnswersUrl"]):
            raise DeploymentError(f"{link} does not lead to {self.outputs['AnswersUrl']}")
        return self.answers_url + link.removeprefix(self.outputs["AnswersUrl"])

    def subscribe(self, topic: str = "TopicArn", only: Mapping[str, Sequence[str]] | None = None) -> Inbox[Delivered]:
        """A new queue, subscribed from now on to the topic named by that output, to ``only`` what this filter lets pass.

        By default alarms are kept out, which have no mode.
        """
        arn = self.outputs[topic]
        url, queue = self._queue("sns.amazonaws.com", arn)
        wanted = {"mode": ["report", "enforce"]} if only is None else only
        self.client("sns").subscribe(
            TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"FilterPolicy": json.dumps(wanted)}
        )
        return Inbox(self.client("sqs"), url, _delivered)

    def events(self, bus: str = "default") -> Inbox[dict[str, Any]]:
        """A new queue that gets, from now on, every event of Session Reaper on ``bus``, as EventBridge hands it over."""
        client = self.client("events")
        name = f"inbox-{os.urandom(4).hex()}"
        pattern = json.dumps({"source": ["session-reaper"]})
        rule = client.put_rule(Name=name, EventPattern=pattern, EventBusName=bus)["RuleArn"]
        url, queue = self._queue("events.amazonaws.com", rule)
        client.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "inbox", "Arn": queue}])
        return Inbox(self.client("sqs"), url, lambda event: event)

    def _queue(self, service: str, source: str) -> tuple[str, str]:
        """The URL and the ARN of a new queue that ``service`` may send to on behalf of ``source``."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=f"inbox-{os.urandom(4).hex()}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return url, arn

    def deliver(self, profile: str, content: str) -> None:
        """Deploy ``content`` to the ``Policies``, ``Switch`` or ``Owners`` profile, as an operator would through AppConfig."""
        appconfig = self.client("appconfig")
        application = self.outputs["ApplicationId"]
        version = appconfig.create_hosted_configuration_version(
            ApplicationId=application,
            ConfigurationProfileId=self.outputs[f"{profile}ProfileId"],
            Content=content.encode(),
            ContentType="application/json",
        )
        appconfig.start_deployment(
            ApplicationId=application,
            EnvironmentId=self.outputs["EnvironmentId"],
            ConfigurationProfileId=self.outputs[f"{profile}ProfileId"],
            ConfigurationVersion=str(version["VersionNumber"]),
            DeploymentStrategyId=self.outputs["DeploymentStrategyId"],
        )

    def forget(self) -> None:
        """Empty the ledger."""
        dynamodb = self.client("dynamodb")
        table = self.outputs["LedgerTableName"]
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})

    def log_lines(self, group: str = "LogGroupName") -> Iterator[str]:
        """Every line in the log group named by that output, oldest first; by default what the sweep's function logged."""
        logs = self.client("logs")
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=self.outputs[group]):
            for event in page["events"]:
                yield event["message"]

    def client(self, service: str) -> Any:
        """A client of the embedded cloud."""
        return client(self.cloud, service)

    def update(self, context: Mapping[str, str]) -> Deployment:
        """The same stack, deployed again with ``context`` over the one it has."""
        return deploy(self.cloud, {**self.context, **context}, self.log)

    def destroy(self) -> None:
        """Remove the stack."""
        _cdk(self.cloud, ["destroy", self.name, "--force"], self.context, self.log)


def _delivered(envelope: dict[str, Any]) -> Delivered:
    attributes = {name: value["Value"] for name, value in envelope.get("MessageAttributes", {}).items()}
    return Delivered(envelope.get("Subject") or "", json.loads(envelope["Message"]), attributes)


def client(cloud: LocalCloud, service: str) -> Any:
    """A client of the embedded cloud, as root of its default account."""
    env = cloud.env()
    session: Any = botocore.session.Session()
    return session.create_client(
        service,
        region_name=env["AWS_REGION"],
        endpoint_url=env["AWS_ENDPOINT_URL"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )


def bootstrap(cloud: LocalCloud, log: Path | None = None) -> None:
    """Do what the CDK needs once per account and region; raises :class:`DeploymentError`. ``log`` keeps what it said."""
    account, region = "000000000000", cloud.env()["AWS_REGION"]
    _cdk(cloud, ["bootstrap", f"aws://{account}/{region}"], {}, log)
    # It denies plain HTTP, which is all that the embedded cloud speaks; with IAM enforced no asset could be published.
    client(cloud, "s3").delete_bucket_policy(Bucket=f"cdk-hnb659fds-assets-{account}-{region}")


def deploy(cloud: LocalCloud, context: Mapping[str, str], log: Path | None = None) -> Deployment:
    """Deploy the stack with ``context`` (as ``-c key=value``); raises :class:`DeploymentError`. ``log`` as above."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "outputs.json"
        _cdk(cloud, ["deploy", "--require-approval", "never", "--outputs-file", str(outputs)], context, log)
        [(name, values)] = json.loads(outputs.read_text(encoding="utf-8")).items()
    for topic in ("TopicArn", "OwnersTopicArn"):
        _allow_plain_http(cloud, values[topic])
    if bucket := values.get("HistoryBucketName"):
        # Its only statement is the refusal of plain HTTP.
        client(cloud, "s3").delete_bucket_policy(Bucket=bucket)
    return Deployment(cloud, name, values, context, log)


def _allow_plain_http(cloud: LocalCloud, topic: str) -> None:
    """Lift the topic's refusal of plain HTTP, which is all that the embedded cloud speaks; IAM would enforce it."""
    sns = client(cloud, "sns")
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    allowed = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({**policy, "Statement": allowed})
    )


def _cdk(cloud: LocalCloud, arguments: Sequence[str], context: Mapping[str, str], log: Path | None) -> None:
    unwanted = ("AWS_", "ALIBABA_CLOUD_")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
    environment = {**inherited, **cloud.env(), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}
    # An assembly of its own each time: two runs at once must not share one.
    assembly = tempfile.mkdtemp(prefix="cdk.out-")
    options = ["--output", assembly, "--no-notices"]
    # The functions run on the processor and the Python of this machine.
    told = {**context, "session-reaper:host": "true"}
    pairs = [part for key, value in told.items() for part in ("-c", f"{key}={value}")]
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [str(CDK), *arguments, *options, *pairs],
            # Bootstrapping needs no app, and outside the checkout none is run.
            cwd=assembly if arguments[0] == "bootstrap" else ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeploymentError(f"cdk {arguments[0]} took more than {_TIMEOUT} s") from error
    finally:
        shutil.rmtree(assembly, ignore_errors=True)
    if log is not None:
        with log.open("a", encoding="utf-8") as kept:
            kept.write(f"cdk {arguments[0]}\n{done.stdout}\n")
    if done.returncode:
        said = "\n".join(done.stdout.splitlines()[-40:])
        raise DeploymentError(f"cdk {arguments[0]} failed:\n{said}\n{cloud.log_tail()}")
