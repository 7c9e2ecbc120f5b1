"""Reads the key pair of Alibaba Cloud from Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

_VARIABLES: Final = {
    "access_key_id": "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "access_key_secret": "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
}


class SecretsClient(Protocol):
    """What is used of botocore's client of Secrets Manager."""

    def get_secret_value(self, **request: Any) -> Mapping[str, Any]:
        """The service's GetSecretValue."""
        ...


class SecretError(Exception):
    """The key pair cannot be had. ``str(error)`` is one sentence that never holds any of the secret."""


def read_key_pair(client: SecretsClient, secret: str) -> dict[str, str]:
    """The key pair in ``secret``, under the names of environment variables the vendor's SDKs use.

    Raises :class:`SecretError`.
    """
    try:
        text = client.get_secret_value(SecretId=secret)["SecretString"]
    except (ClientError, BotoCoreError) as error:
        raise SecretError(f"the secret {secret} with the key pair could not be read: {error}") from error
    except KeyError:
        text = ""
    try:
        pair = json.loads(text)
        return {variable: _text(pair[key]) for key, variable in _VARIABLES.items()}
    except (ValueError, KeyError, TypeError):
        wanted = " and ".join(_VARIABLES)
        # Without its cause: that would show the secret's text.
        raise SecretError(f"the secret {secret} is no JSON object with {wanted}: write it so") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
