from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reaper.handlers.secret import SecretError, read_keys

KEYS = {"access_key_id": "ALIBABA_CLOUD_ACCESS_KEY_ID", "access_key_secret": "ALIBABA_CLOUD_ACCESS_KEY_SECRET"}


class Secrets:
    def __init__(self, answer: Mapping[str, Any] | Exception) -> None:
        self.answer = answer

    def get_secret_value(self, **request: Any) -> Mapping[str, Any]:
        assert request == {"SecretId": "reaper/alibaba"}
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_key_pair_comes_under_the_names_the_vendor_s_sdks_read():
    secret = {"SecretString": '{"access_key_id": "LTAI1", "access_key_secret": "s3cr3t", "note": "x"}'}

    assert read_keys(Secrets(secret), "reaper/alibaba", KEYS) == {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI1",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s3cr3t",
    }


@pytest.mark.parametrize(
    "text",
    ["s3cr3t", "[]", '"s3cr3t"', '{"access_key_id": "s3cr3t"}', '{"access_key_id": "s3cr3t", "access_key_secret": ""}'],
)
def test_a_secret_of_another_shape_is_refused_without_telling_any_of_it(text):
    with pytest.raises(SecretError) as caught:
        read_keys(Secrets({"SecretString": text}), "reaper/alibaba", KEYS)

    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert "access_key_id and access_key_secret" in str(caught.value)


def test_a_binary_secret_is_refused():
    with pytest.raises(SecretError, match="is no JSON object"):
        read_keys(Secrets({"SecretBinary": b"x"}), "reaper/alibaba", KEYS)


def test_a_secret_that_cannot_be_read_says_which():
    error = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue")

    with pytest.raises(SecretError, match="the secret reaper/alibaba with the key pair could not be read"):
        read_keys(Secrets(error), "reaper/alibaba", KEYS)
