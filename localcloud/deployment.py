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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

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


class Inbox:
    """A queue subscribed to a topic, with what SNS delivers to machines."""

    def __init__(self, sqs: Any, url: str) -> None:
        """``sqs`` is the client that receives from ``url``."""
        self._sqs = sqs
        self._url = url

    def receive(self, seconds: float = 20) -> Delivered:
        """The next message, at the latest after ``seconds``; raises :class:`TimeoutError`."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            # The wait is the emulator's long poll, which ends as soon as there is a message.
            wait = max(1, min(10, int(give_up - time.monotonic())))
            answer = self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=wait, MaxNumberOfMessages=1)
            for message in answer.get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                envelope = json.loads(message["Body"])
                attributes = {name: value["Value"] for name, value in envelope.get("MessageAttributes", {}).items()}
                return Delivered(envelope.get("Subject") or "", json.loads(envelope["Message"]), attributes)
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

    def invoke(self) -> dict[str, Any]:
        """What the function answers when it is invoked; raises :class:`DeploymentError` if it fails."""
        answer = self.client("lambda").invoke(FunctionName=self.outputs["FunctionName"], Payload=b"{}")
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise DeploymentError(f"the function failed: {payload}")
        return payload

    def subscribe(self) -> Inbox:
        """A new queue, subscribed to the reports from now on; a filter policy keeps alarms out, which have no mode."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=f"inbox-{os.urandom(4).hex()}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = self.outputs["TopicArn"]
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        only_reports = {"FilterPolicy": json.dumps({"mode": ["report", "enforce"]})}
        self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=only_reports)
        return Inbox(sqs, url)

    def deliver(self, profile: str, content: str) -> None:
        """Deploy ``content`` to the ``Policies`` or ``Switch`` profile, as an operator would through AppConfig."""
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

    def log_lines(self) -> Iterator[str]:
        """Every line the function logged, oldest first."""
        logs = self.client("logs")
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=self.outputs["LogGroupName"]):
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
    _allow_plain_http(cloud, values["TopicArn"])
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
    pairs = [part for key, value in context.items() for part in ("-c", f"{key}={value}")]
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
