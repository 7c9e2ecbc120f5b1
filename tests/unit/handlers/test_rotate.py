"""The four steps of a rotation, against a Secrets Manager that rejects what the real one rejects."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reaper.core.links import Link, Purpose, sign, verify
from reaper.handlers import rotate as module
from reaper.handlers.keyring import keys_in
from reaper.handlers.rotate import RotationError, rotate

FIRST = "the key made by CloudFormation"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
LINK = Link(Purpose.SESSION, "glue/1/eu-central-1/x", "ana", 1000.0)


class SecretsManager:
    """One secret: its versions, and which stage each is at (the service's API reference, Secrets Manager)."""

    def __init__(self, value: Any = None) -> None:
        self.values: dict[str, str] = {"v1": json.dumps({"current": FIRST} if value is None else value)}
        self.stages: dict[str, list[str]] = {"v1": ["AWSCURRENT"]}
        self.enabled = True
        self.calls: list[str] = []

    def begin(self, version: str) -> None:
        """RotateSecret: the version is staged before it has a value."""
        if any("AWSPENDING" in stages and "AWSCURRENT" not in stages for stages in self.stages.values()):
            raise _error("InvalidRequestException", "a rotation is in progress")
        for stages in self.stages.values():
            if "AWSPENDING" in stages:
                stages.remove("AWSPENDING")
        self.stages[version] = ["AWSPENDING"]

    def current(self) -> dict[str, str]:
        return json.loads(self.values[self._at("AWSCURRENT")])

    def describe_secret(self, **request: Any) -> dict[str, Any]:
        assert request == {"SecretId": "arn:links"}
        self.calls.append("DescribeSecret")
        return {"RotationEnabled": self.enabled, "VersionIdsToStages": {k: list(v) for k, v in self.stages.items()}}

    def get_secret_value(self, **request: Any) -> dict[str, Any]:
        assert request.pop("SecretId") == "arn:links"
        self.calls.append("GetSecretValue")
        stage = request.get("VersionStage", "AWSCURRENT")
        version = request.get("VersionId") or self._at(stage)
        if version not in self.stages:
            raise _error("ResourceNotFoundException", f"no version {version}")
        if stage not in self.stages[version]:
            raise _error("InvalidRequestException", "the version is not at that stage")
        if version not in self.values:
            raise _error("ResourceNotFoundException", f"no value for staging label: {stage}")
        return {"SecretString": self.values[version], "VersionId": version}

    def put_secret_value(self, **request: Any) -> dict[str, Any]:
        assert request.keys() == {"SecretId", "ClientRequestToken", "SecretString", "VersionStages"}
        self.calls.append("PutSecretValue")
        version, text = request["ClientRequestToken"], request["SecretString"]
        if self.values.get(version, text) != text:
            raise _error("ResourceExistsException", "a version is never changed")
        if len(text) > 65_536:
            raise _error("InvalidParameterException", "too long")
        self.values[version] = text
        for stage in request["VersionStages"]:
            self._move(stage, version)
        return {"VersionId": version}

    def update_secret_version_stage(self, **request: Any) -> dict[str, Any]:
        assert request.pop("SecretId") == "arn:links"
        self.calls.append("UpdateSecretVersionStage")
        stage, to = request["VersionStage"], request["MoveToVersionId"]
        holder = next((one for one, stages in self.stages.items() if stage in stages), None)
        if holder is not None and holder != to and request.get("RemoveFromVersionId") != holder:
            raise _error("InvalidParameterException", "the stage is attached to another version, which has to be named")
        if to not in self.values:
            raise _error("ResourceNotFoundException", "no such version")
        self._move(stage, to)
        return {}

    def _at(self, stage: str) -> str:
        for version, stages in self.stages.items():
            if stage in stages:
                return version
        raise _error("ResourceNotFoundException", f"nothing at {stage}")

    def _move(self, stage: str, to: str) -> None:
        for version, stages in self.stages.items():
            if stage in stages and version != to:
                stages.remove(stage)
                if stage == "AWSCURRENT":
                    self._move("AWSPREVIOUS", version)
        if stage not in self.stages.setdefault(to, []):
            self.stages[to].append(stage)


def _error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "SecretsManager")


def rotated(secrets: SecretsManager, version: str, *, times: int = 1) -> None:
    secrets.begin(version)
    for step in STEPS:
        for _ in range(times):
            rotate(secrets, step, "arn:links", version)


def test_a_rotation_makes_a_new_key_and_keeps_the_one_before():
    secrets = SecretsManager()

    rotated(secrets, "v2")

    made = secrets.current()
    assert made.keys() == {"current", "previous"}
    assert made["previous"] == FIRST
    assert len(made["current"]) == 64
    assert secrets.stages["v2"][-1] == "AWSCURRENT"
    assert secrets.stages["v1"] == ["AWSPREVIOUS"]


def test_a_link_outlives_one_rotation_and_not_two():
    secrets = SecretsManager()
    token = sign(LINK, keys_in(secrets.current())[0])

    rotated(secrets, "v2")
    assert verify(token, keys_in(secrets.current()), 0.0, Purpose.SESSION) == LINK
    second = secrets.current()["current"]

    rotated(secrets, "v3")
    assert secrets.current()["previous"] == second
    assert FIRST not in secrets.values["v3"]


def test_every_step_may_be_repeated():
    secrets = SecretsManager()

    rotated(secrets, "v2", times=3)

    assert secrets.calls.count("PutSecretValue") == 1
    assert secrets.calls.count("UpdateSecretVersionStage") == 1
    assert secrets.current()["previous"] == FIRST


def test_steps_repeated_after_the_end_change_nothing():
    secrets = SecretsManager()
    rotated(secrets, "v2")
    before = dict(secrets.values)

    for step in STEPS:
        rotate(secrets, step, "arn:links", "v2")

    assert secrets.values == before


@pytest.mark.parametrize("step", STEPS)
def test_a_version_that_is_not_staged_is_refused(step):
    secrets = SecretsManager()
    secrets.stages["v0"] = ["AWSPREVIOUS"]

    for version in ("v0", "unheard-of"):
        with pytest.raises(RotationError, match="is not staged"):
            rotate(secrets, step, "arn:links", version)
    assert secrets.calls == ["DescribeSecret"] * 2


def test_a_secret_that_is_not_to_be_rotated_is_refused():
    secrets = SecretsManager()
    secrets.begin("v2")
    secrets.enabled = False

    with pytest.raises(RotationError, match="not set up to be rotated"):
        rotate(secrets, "createSecret", "arn:links", "v2")


def test_an_unknown_step_is_refused():
    with pytest.raises(RotationError, match="no step 'dropSecret'"):
        rotate(SecretsManager(), "dropSecret", "arn:links", "v2")


def test_a_garbled_current_key_is_not_rotated_away_and_not_told():
    secrets = SecretsManager({"current": "s3cr3t"})
    secrets.begin("v2")

    with pytest.raises(RotationError, match="holds no keys for links") as caught:
        rotate(secrets, "createSecret", "arn:links", "v2")
    assert "s3cr3t" not in str(caught.value)
    assert "v2" not in secrets.values


@pytest.mark.parametrize(
    "pending",
    [
        {"current": "a new key without the one before"},
        {"current": "a new key of 2026", "previous": "not the one before it"},
        {"current": FIRST, "previous": FIRST},
    ],
)
def test_a_new_version_that_would_break_links_already_sent_is_not_finished(pending):
    secrets = SecretsManager()
    secrets.begin("v2")
    secrets.values["v2"] = json.dumps(pending)
    rotate(secrets, "createSecret", "arn:links", "v2")

    with pytest.raises(RotationError, match="does not follow the current one"):
        rotate(secrets, "testSecret", "arn:links", "v2")


def test_a_refusal_of_the_service_fails_the_step():
    secrets = SecretsManager()
    secrets.begin("v2")

    with pytest.raises(ClientError):  # there is no value to move the stage to
        rotate(secrets, "finishSecret", "arn:links", "v2")
    assert secrets.current() == {"current": FIRST}


def test_the_log_never_holds_a_key(mocker, capsys, lambda_context):
    secrets = SecretsManager()
    secrets.begin("v2")
    mocker.patch.object(module, "_client", return_value=secrets)
    said = mocker.spy(module.logger, "info")

    for step in STEPS:
        module.handler({"Step": step, "SecretId": "arn:links", "ClientRequestToken": "v2"}, lambda_context)

    logged = str(said.call_args_list) + "".join(capsys.readouterr())
    assert "finishSecret" in logged
    assert FIRST not in logged
    assert secrets.current()["current"] not in logged


@pytest.fixture
def lambda_context(mocker):
    return mocker.Mock(
        function_name="rotate",
        memory_limit_in_mb=128,
        invoked_function_arn="arn:aws:lambda:eu-central-1:1:function:rotate",
        aws_request_id="r-1",
    )
