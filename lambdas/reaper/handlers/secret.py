"""Reads the keys of another cloud from Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError


class SecretsClient(Protocol):
    """What is used of botocore's client of Secrets Manager."""

    def get_secret_value(self, **request: Any) -> Mapping[str, Any]:
        """The service's GetSecretValue."""
        ...


class SecretError(Exception):
    """The keys cannot be had. ``str(error)`` is one sentence that never holds any of the secret."""


def read_keys(client: SecretsClient, secret: str, keys: Mapping[str, str]) -> dict[str, str]:
    """The members of ``secret`` that ``keys`` names, under the environment variables that it gives for them.

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
        return {variable: _text(pair[key]) for key, variable in keys.items()}
    except (ValueError, KeyError, TypeError):
        wanted = " and ".join(keys)
        # Without its cause: that would show the secret's text.
        raise SecretError(f"the secret {secret} is no JSON object with {wanted}: write it so") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
