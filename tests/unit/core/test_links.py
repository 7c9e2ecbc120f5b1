from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.links import LONGEST, BadLink, Key, Link, Purpose, Reason, key_of, sign, verify

NOW = 1772366400.0
KEY = key_of("correct horse battery staple")
OLD = key_of("the one before")
LINK = Link(Purpose.SESSION, "glue/123456789012/eu-central-1/nightly", "data@example.com", NOW + 604800)

names = st.text(max_size=120)
links = st.builds(
    Link,
    st.sampled_from(Purpose),
    names,
    names,
    st.integers(min_value=int(NOW) + 1, max_value=int(NOW) + 10**8).map(float),
)


def reason(token: str, *, keys=(KEY,), now=NOW, purpose=Purpose.SESSION) -> Reason:
    with pytest.raises(BadLink) as caught:
        verify(token, keys, now, purpose)
    return caught.value.reason


def signed(payload: bytes, secret: bytes = KEY.secret) -> str:
    """A token signed as the module says it signs, whatever is in it."""
    body = base64.urlsafe_b64encode(payload).rstrip(b"=")
    signature = base64.urlsafe_b64encode(hmac.new(secret, body, hashlib.sha256).digest()).rstrip(b"=")
    return f"{body.decode()}.{signature.decode()}"


def test_a_key_s_id_is_the_beginning_of_its_hash_and_its_secret_is_never_shown():
    assert key_of("abc") == Key("ba7816bf", b"abc")
    assert "abc'" not in repr(key_of("abc"))


def test_there_is_no_empty_key():
    with pytest.raises(ValueError, match="not empty"):
        key_of("")


def test_a_token_is_the_payload_and_its_signature():
    body, signature = sign(LINK, KEY).split(".")

    assert json.loads(base64.urlsafe_b64decode(body + "==")) == {
        "v": 1,
        "k": KEY.id,
        "p": "s",
        "n": "glue/123456789012/eu-central-1/nightly",
        "a": "data@example.com",
        "x": 1772971200,
    }
    assert signature == signed(base64.urlsafe_b64decode(body + "==")).split(".")[1]


@given(links)
def test_what_was_signed_is_what_is_read(link):
    assert verify(sign(link, KEY), [KEY], NOW, link.purpose) == link


@given(st.data())
def test_no_token_with_a_character_altered_is_honoured(data):
    token = sign(LINK, KEY)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="utf-8"))
    altered = token[:place] + other + token[place + 1 :]
    if altered != token:
        with pytest.raises(BadLink):
            verify(altered, [KEY], NOW, Purpose.SESSION)


def test_every_single_change_within_the_alphabet_is_found_out():
    token = sign(LINK, KEY)
    for place in range(len(token)):
        for other in "AZaz09-_.":
            if other != token[place]:
                with pytest.raises(BadLink):
                    verify(token[:place] + other + token[place + 1 :], [KEY], NOW, Purpose.SESSION)


@given(st.text(max_size=200))
def test_no_text_that_nobody_signed_is_honoured(text):
    with pytest.raises(BadLink):
        verify(text, [KEY], NOW, Purpose.SESSION)


def test_a_lifetime_ends_on_the_second():
    token = sign(LINK, KEY)

    assert verify(token, [KEY], LINK.expires - 0.001, Purpose.SESSION) == LINK
    assert reason(token, now=LINK.expires) is Reason.EXPIRED


def test_an_expired_link_that_was_altered_is_forged_first():
    token = signed(b'{"v":1,"k":"%s","p":"s","n":"x","a":"y","x":1}' % KEY.id.encode(), b"another key")

    assert reason(token) is Reason.FORGED


def test_a_link_is_good_for_its_own_purpose_only():
    assert reason(sign(LINK, KEY), purpose=Purpose.PAGE) is Reason.FORGED


def test_links_of_the_key_before_are_honoured_until_that_key_is_gone():
    token = sign(LINK, OLD)

    assert verify(token, [KEY, OLD], NOW, Purpose.SESSION) == LINK
    assert reason(token, keys=[KEY]) is Reason.UNKNOWN_KEY
    assert reason(token, keys=[]) is Reason.UNKNOWN_KEY


def test_a_signature_of_one_key_under_the_id_of_another_is_forged():
    payload = b'{"v":1,"k":"%s","p":"s","n":"x","a":"y","x":9999999999}' % KEY.id.encode()

    assert reason(signed(payload, OLD.secret), keys=[KEY, OLD]) is Reason.FORGED


@pytest.mark.parametrize(
    "token",
    ["", ".", "a.b", "no dot", sign(LINK, KEY) + "=", sign(LINK, KEY) + "\n", " " + sign(LINK, KEY), "x" * 10_000_000],
    ids=["empty", "dot", "short", "no dot", "padding", "line end", "space", "10 MB"],
)
def test_what_is_no_token_is_malformed(token):
    assert reason(token) is Reason.MALFORMED


def test_a_token_in_another_spelling_of_the_same_bytes_is_malformed():
    token = sign(LINK, KEY)
    last = token[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = alphabet[alphabet.index(last) ^ 1]  # differs in bits that 43 characters have beyond 32 bytes

    assert reason(token[:-1] + twin) is Reason.MALFORMED


@pytest.mark.parametrize(
    "rest",
    [
        b'"q","n":"x","a":"y","x":9999999999}',
        b'"s","n":1,"a":"y","x":9999999999}',
        b'"s","n":"x","x":9999999999}',
        b'"s","n":"x","a":"y","x":"tomorrow"}',
        b'"s","n":' + b"[" * 1300,
        b'"s"',
    ],
)
def test_what_a_key_vouches_for_and_makes_no_sense_is_malformed(rest):
    assert reason(signed(b'{"v":1,"k":"%s","p":' % KEY.id.encode() + rest)) is Reason.MALFORMED


def test_another_version_is_malformed():
    assert reason(signed(b'{"v":2,"k":"%s","p":"s","n":"x","a":"y","x":9999999999}' % KEY.id.encode())) is (
        Reason.MALFORMED
    )


def test_the_longest_name_of_a_session_that_a_service_allows_fits():
    name = "glue/123456789012/eu-central-1/" + "\N{GRINNING FACE}" * 255

    assert len(sign(Link(Purpose.SESSION, name, "a" * 200, NOW), KEY)) <= LONGEST


def test_a_link_that_would_not_be_honoured_is_not_made():
    with pytest.raises(ValueError, match="too long"):
        sign(Link(Purpose.SESSION, "x" * 2000, "", NOW), KEY)


def test_an_error_says_nothing_of_the_link():
    with pytest.raises(BadLink) as caught:
        verify(sign(LINK, KEY), [OLD], NOW, Purpose.SESSION)

    assert str(caught.value) == "the link is not honoured: unknown key"
