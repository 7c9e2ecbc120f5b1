from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reaper.core.links import BadLink, Key, Link, Purpose, Reason, key_of, sign
from reaper.handlers.keyring import Keep, check, read_keyring
from reaper.handlers.secret import SecretError

OLD, NEW = "the key before this one", "the key that is current"
LINK = Link(Purpose.SESSION, "glue/1/eu-central-1/x", "ana", 1000.0)


class Secrets:
    def __init__(self, text: Any) -> None:
        self.answer = {"SecretString": text if isinstance(text, str) else json.dumps(text)}

    def get_secret_value(self, **request: Any) -> dict[str, Any]:
        assert request == {"SecretId": "reaper/links"}
        return self.answer


class Denied:
    def get_secret_value(self, **_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue")


class Clock:
    """A ring of keys that changes, and how often it was read."""

    def __init__(self, *keys: Key) -> None:
        self.now, self.keys, self.reads = 0.0, keys, 0

    def read(self) -> tuple[Key, ...]:
        self.reads += 1
        if not self.keys:
            raise SecretError("away")
        return self.keys

    def keep(self) -> Keep[tuple[Key, ...]]:
        return Keep(self.read, lambda: self.now)


def test_the_current_key_comes_first():
    assert read_keyring(Secrets({"current": NEW, "previous": OLD}), "reaper/links") == (key_of(NEW), key_of(OLD))


@pytest.mark.parametrize("secret", [{"current": NEW}, {"current": NEW, "previous": None}])
def test_before_the_first_rotation_there_is_one_key(secret):
    assert read_keyring(Secrets(secret), "reaper/links") == (key_of(NEW),)


@pytest.mark.parametrize(
    "secret",
    [
        "the key that is current",
        "[]",
        "[" * 10_000,
        {},
        {"current": ""},
        {"current": "the key"},
        {"current": 5},
        {"previous": "the key that is current"},
        {"current": "the key that is current", "previous": ""},
    ],
)
def test_a_secret_that_holds_no_keys_is_refused_without_telling_any_of_it(secret):
    with pytest.raises(SecretError, match="the secret reaper/links") as caught:
        read_keyring(Secrets(secret), "reaper/links")

    assert "the key" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_secret_without_text_is_refused():
    secrets = Secrets("")
    secrets.answer = {}

    with pytest.raises(SecretError, match="is no JSON object"):
        read_keyring(secrets, "reaper/links")


def test_a_secret_that_cannot_be_read_says_which():
    with pytest.raises(SecretError, match=r"reaper/links could not be read: .*AccessDenied"):
        read_keyring(Denied(), "reaper/links")


def test_keys_are_kept_for_five_minutes():
    clock = Clock(key_of(NEW))
    keep = clock.keep()

    for now, reads in [(0, 1), (1, 1), (299, 1), (300, 2), (500, 2)]:
        clock.now = now
        keep.get()
        assert clock.reads == reads, now


def test_keys_that_cannot_be_read_any_more_are_not_used_any_more():
    clock = Clock(key_of(NEW))
    keep = clock.keep()
    keep.get()
    clock.now, clock.keys = 300, ()

    for _ in range(2):
        with pytest.raises(SecretError):
            keep.get()


def test_a_link_of_a_key_made_since_is_honoured_and_made_up_keys_do_not_hammer_secrets_manager():
    clock = Clock(key_of(OLD))
    keep = clock.keep()
    check(sign(LINK, key_of(OLD)), keep, 0.0, Purpose.SESSION)
    clock.keys, clock.now = (key_of(NEW), key_of(OLD)), 29.0

    with pytest.raises(BadLink):
        check(sign(LINK, key_of(NEW)), keep, 29.0, Purpose.SESSION)
    assert clock.reads == 1

    clock.now = 30.0
    assert check(sign(LINK, key_of(NEW)), keep, 30.0, Purpose.SESSION) == LINK
    for made_up in range(50):
        with pytest.raises(BadLink) as caught:
            check(sign(LINK, key_of(f"a key made up, {made_up}")), keep, 30.0, Purpose.SESSION)
        assert caught.value.reason is Reason.UNKNOWN_KEY
    assert clock.reads == 2


def test_a_forged_link_is_no_reason_to_read_the_keys_again():
    clock = Clock(key_of(NEW))
    keep = clock.keep()
    keep.get()
    clock.now = 60.0

    with pytest.raises(BadLink):
        check(sign(LINK, Key(key_of(NEW).id, b"x")), keep, 60.0, Purpose.SESSION)
    assert clock.reads == 1
