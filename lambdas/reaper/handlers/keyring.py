"""Reads what links are signed with from Secrets Manager, and keeps it for a while in a warm function."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from reaper.core.links import BadLink, Key, Link, Purpose, Reason, key_of, verify
from reaper.handlers.secret import SecretError, SecretsClient

KEPT_SECONDS: Final = 300.0
"""How long keys are used before they are read again: a key that is taken back is honoured no longer than this."""
AGAIN_SECONDS: Final = 30.0
"""How soon at the earliest they are read again because of a key that is not among them, which anybody can make up."""
SHORTEST: Final = 16
"""Characters a key has at the least. Secrets Manager makes 32, a rotation 64."""

Kept = TypeVar("Kept")


def read_keyring(client: SecretsClient, secret_id: str) -> tuple[Key, ...]:
    """The keys that links are signed with: the current one first, then the one before if there is one.

    Raises:
        SecretError: they cannot be read, or are no keys.
    """
    secret = read_json(client, secret_id)
    try:
        return keys_in(secret)
    except ValueError as error:
        raise SecretError(f"the secret {secret_id} holds no keys for links: {error}") from None


def keys_in(secret: Mapping[str, object]) -> tuple[Key, ...]:
    """The keys in ``{"current": "...", "previous": "..."}``, the last may be absent.

    Raises:
        ValueError: there is no current key, or one is no text that is long enough. Says nothing of either.
    """
    keys = [_key(secret, "current")]
    if secret.get("previous") is not None:
        keys.append(_key(secret, "previous"))
    return tuple(keys)


def read_json(client: SecretsClient, secret_id: str, **which: str) -> Mapping[str, object]:
    """The JSON object in a secret, in the version that ``which`` asks for (``VersionStage="AWSPENDING"``).

    Raises:
        SecretError: it cannot be read, or is none. Its message never holds any of the secret.
    """
    try:
        answer = client.get_secret_value(SecretId=secret_id, **which)
    except (ClientError, BotoCoreError) as error:
        raise SecretError(f"the secret {secret_id} could not be read: {error}") from error
    try:
        found: object = json.loads(answer["SecretString"])
    except (ValueError, KeyError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        # Without its cause: that would show the secret's text.
        raise SecretError(f"the secret {secret_id} is no JSON object: write it so")
    return cast("dict[str, object]", found)


class Keep(Generic[Kept]):
    """Reads something when it is first asked for, and again after :data:`KEPT_SECONDS`. Not for several threads."""

    def __init__(self, read: Callable[[], Kept], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._kept: tuple[float, Kept] | None = None

    def get(self) -> Kept:
        """What was read at most :data:`KEPT_SECONDS` ago; raises whatever reading raises."""
        return self._younger_than(KEPT_SECONDS)

    def again(self) -> Kept:
        """The same, for one whom that did not serve: at most :data:`AGAIN_SECONDS` old."""
        return self._younger_than(AGAIN_SECONDS)

    def _younger_than(self, seconds: float) -> Kept:
        now = self._clock()
        if self._kept is None or now - self._kept[0] >= seconds:
            # Forgotten first: what cannot be read any more is not used any more.
            self._kept = None
            self._kept = (now, self._read())
        return self._kept[1]


def check(token: str, keyring: Keep[tuple[Key, ...]], now: float, purpose: Purpose) -> Link:
    """The link that ``token`` is; a key that is not known may be new, so the keys are read again for it.

    Raises:
        BadLink: it is not honoured.
        SecretError: the keys cannot be had.
    """
    try:
        return verify(token, keyring.get(), now, purpose)
    except BadLink as bad:
        if bad.reason is not Reason.UNKNOWN_KEY:
            raise
    return verify(token, keyring.again(), now, purpose)


def _key(secret: Mapping[str, Any], name: str) -> Key:
    text = secret.get(name)
    if not isinstance(text, str) or len(text) < SHORTEST:
        raise ValueError(f'"{name}" is no text of at least {SHORTEST} characters')
    return key_of(text)
