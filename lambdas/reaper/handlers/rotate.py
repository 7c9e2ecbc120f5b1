"""Rotates the key that links are signed with: Secrets Manager invokes it once for each of the four steps of a rotation.

The new version of the secret holds the current key as the previous one, so that links that are already sent stay good for
as long as it takes until the next rotation. Every step may be repeated. No secret is ever logged.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

import botocore.session
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from reaper.core.links import Key, Link, Purpose, sign, verify
from reaper.handlers.keyring import keys_in, read_json
from reaper.handlers.secret import SecretsClient

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

CURRENT: Final = "AWSCURRENT"
PENDING: Final = "AWSPENDING"

_RANDOM_BYTES: Final = 48

logger = Logger()


class RotationError(Exception):
    """The rotation cannot go on. ``str(error)`` never holds any of the secret."""


class RotationClient(SecretsClient, Protocol):
    """What is used of botocore's client of Secrets Manager."""

    def describe_secret(self, **request: Any) -> Mapping[str, Any]:
        """The service's DescribeSecret."""
        ...

    def put_secret_value(self, **request: Any) -> Mapping[str, Any]:
        """The service's PutSecretValue."""
        ...

    def update_secret_version_stage(self, **request: Any) -> Mapping[str, Any]:
        """The service's UpdateSecretVersionStage."""
        ...


@logger.inject_lambda_context(log_event=False)
def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """One step of a rotation: ``{"Step": "createSecret", "SecretId": "arn:...", "ClientRequestToken": "..."}``.

    Raises:
        RotationError: the version is not staged for it, or is not what it should be; Secrets Manager tries again.
    """
    del context
    rotate(_client(), str(event["Step"]), str(event["SecretId"]), str(event["ClientRequestToken"]))
    logger.info("rotation", extra={"step": event["Step"], "version": event["ClientRequestToken"]})


def rotate(client: RotationClient, step: str, secret_id: str, version: str) -> None:
    """Take one ``step`` towards making ``version`` the current one; raises as :func:`handler`."""
    if step not in _STEPS:
        raise RotationError(f"there is no step {step!r} in a rotation")
    described = client.describe_secret(SecretId=secret_id)
    if not described.get("RotationEnabled"):
        raise RotationError(f"the secret {secret_id} is not set up to be rotated")
    versions: Mapping[str, list[str]] = described.get("VersionIdsToStages") or {}
    stages = versions.get(version, [])
    if CURRENT in stages:
        return  # Done already: an event may be delivered twice.
    if PENDING not in stages:
        raise RotationError(f"the version {version} of the secret {secret_id} is not staged to become the current one")
    _STEPS[step](client, secret_id, version, versions)


def _create(client: RotationClient, secret_id: str, version: str, versions: Mapping[str, list[str]]) -> None:
    del versions
    current = read_json(client, secret_id, VersionStage=CURRENT)
    _keys(secret_id, current)
    try:
        client.get_secret_value(SecretId=secret_id, VersionId=version, VersionStage=PENDING)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
    else:
        return  # Made by an attempt before this one.
    made = {"current": secrets.token_urlsafe(_RANDOM_BYTES), "previous": current["current"]}
    client.put_secret_value(
        SecretId=secret_id, ClientRequestToken=version, SecretString=json.dumps(made), VersionStages=[PENDING]
    )


def _set(client: RotationClient, secret_id: str, version: str, versions: Mapping[str, list[str]]) -> None:
    """Nothing else knows the key: those who sign and those who verify read the secret."""


def _test(client: RotationClient, secret_id: str, version: str, versions: Mapping[str, list[str]]) -> None:
    """Links signed with the current key have to be honoured by the new keys, and so have links of the new one."""
    del versions
    [current, *_] = _keys(secret_id, read_json(client, secret_id, VersionStage=CURRENT))
    pending = _keys(secret_id, read_json(client, secret_id, VersionId=version, VersionStage=PENDING))
    if current == pending[0] or current not in pending:
        raise RotationError(f"the version {version} of the secret {secret_id} does not follow the current one")
    link = Link(Purpose.SESSION, "rotation", "rotation", 1.0)
    for key in (pending[0], current):
        verify(sign(link, key), pending, 0.0, Purpose.SESSION)


def _finish(client: RotationClient, secret_id: str, version: str, versions: Mapping[str, list[str]]) -> None:
    current = next((one for one, stages in versions.items() if CURRENT in stages), None)
    client.update_secret_version_stage(
        SecretId=secret_id,
        VersionStage=CURRENT,
        MoveToVersionId=version,
        **({"RemoveFromVersionId": current} if current else {}),
    )


def _keys(secret_id: str, secret: Mapping[str, object]) -> tuple[Key, ...]:
    try:
        return keys_in(secret)
    except ValueError as error:
        raise RotationError(f"the secret {secret_id} holds no keys for links: {error}") from None


_STEPS: Final[Mapping[str, Callable[[RotationClient, str, str, Mapping[str, list[str]]], None]]] = {
    "createSecret": _create,
    "setSecret": _set,
    "testSecret": _test,
    "finishSecret": _finish,
}


@cache
def _client() -> RotationClient:
    client: Any = botocore.session.get_session().create_client("secretsmanager", region_name=os.environ["AWS_REGION"])
    return client
