"""Links that let whoever holds one answer for one session, or read one page: signed, for one purpose, and not for ever. Pure.

A token is ``base64url(payload).base64url(HMAC-SHA256 of the first part)``, without padding. The payload is compact JSON:
``v`` 1, ``k`` the key's id, ``p`` the purpose, ``n`` what it is about, ``a`` to whom it was sent, ``x`` when it expires.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LONGEST: Final = 2000
"""Characters of the longest token: a button of Slack's holds no more. A session's name of 255 characters fits."""

_VERSION: Final = 1
_BEGINS: Final = re.compile(rb'\{"v":1,"k":"([0-9a-f]{8})","p":')
"""How every payload begins: the key's id is read without parsing what nobody has vouched for yet."""
_TOKEN: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")


class Purpose(StrEnum):
    """What a link is good for: answering for a session, or reading a page."""

    SESSION = "s"
    PAGE = "r"


class Reason(StrEnum):
    """Why a link is not honoured."""

    MALFORMED = "malformed"
    """It is no link of ours, or not all of one."""
    FORGED = "forged"
    """It was altered, or is used for what it was not made for."""
    EXPIRED = "expired"
    UNKNOWN_KEY = "unknown key"
    """Its key is not known here: it is very old, or never was ours, or newer than the keys at hand."""


class BadLink(Exception):  # noqa: N818 - what is wrong is the link
    """A link is not honoured, for ``reason``. ``str(error)`` holds nothing of the link."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"the link is not honoured: {reason.value}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Key:
    """What links are signed with. ``id`` tells keys apart and nothing of the ``secret``, which no ``repr`` shows."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to ``name`` (a :func:`~reaper.core.names.session_name`, or a page's key), sent ``to`` somebody.

    ``expires`` is in epoch seconds; from that second on it is not honoured.
    """

    purpose: Purpose
    name: str
    to: str
    expires: float


def key_of(text: str) -> Key:
    """The key that ``text`` is: its id is the first 8 hexadecimal digits of the text's SHA-256.

    Raises:
        ValueError: there is no text.
    """
    if not text:
        raise ValueError("a key is not empty")
    secret = text.encode()
    return Key(hashlib.sha256(secret).hexdigest()[:8], secret)


def sign(link: Link, key: Key) -> str:
    """The token for ``link``; parts of a second of its lifetime are cut off.

    Raises:
        ValueError: it would be longer than :data:`LONGEST`, and not be honoured.
    """
    payload = {
        "v": _VERSION,
        "k": key.id,
        "p": link.purpose.value,
        "n": link.name,
        "a": link.to,
        "x": int(link.expires),
    }
    compact = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    body = _encode(compact.encode("utf-8", "surrogatepass"))
    token = f"{body}.{_encode(_signature(body, key))}"
    if len(token) > LONGEST:
        raise ValueError(f"a link of {len(token)} characters is too long")
    return token


def verify(token: str, keys: Sequence[Key], now: float, purpose: Purpose) -> Link:
    """The link that ``token`` is, if one of ``keys`` signed it for ``purpose`` and it has not expired.

    Nothing of it but the key's id is read before its signature has been found right.

    Raises:
        BadLink: it is not honoured.
    """
    if len(token) > LONGEST:
        raise BadLink(Reason.MALFORMED)
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        raise BadLink(Reason.MALFORMED)
    body, signature = parts.groups()
    payload = _decode(body)
    begins = _BEGINS.match(payload)
    if begins is None:
        raise BadLink(Reason.MALFORMED)
    key_id = begins[1].decode()
    key = next((key for key in keys if key.id == key_id), None)
    if key is None:
        raise BadLink(Reason.UNKNOWN_KEY)
    if not hmac.compare_digest(_signature(body, key), _decode(signature)):
        raise BadLink(Reason.FORGED)
    link = _read(payload)
    if link.purpose is not purpose:
        raise BadLink(Reason.FORGED)
    if now >= link.expires:
        raise BadLink(Reason.EXPIRED)
    return link


def _signature(body: str, key: Key) -> bytes:
    return hmac.digest(key.secret, body.encode("ascii"), "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """The bytes that :func:`_encode` makes ``text`` of; another spelling of the same bytes is malformed."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BadLink(Reason.MALFORMED) from None
    if _encode(data) != text:
        raise BadLink(Reason.MALFORMED)
    return data


def _read(payload: bytes) -> Link:
    """What one of our keys vouches for; still malformed where a program newer than this one wrote it."""
    try:
        found: object = json.loads(payload.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise BadLink(Reason.MALFORMED) from None
    match found:
        case {"p": str(kind), "n": str(name), "a": str(to), "x": int(expires)} if kind in {
            one.value for one in Purpose
        }:
            return Link(Purpose(kind), name, to, float(expires))
        case _:
            raise BadLink(Reason.MALFORMED)
