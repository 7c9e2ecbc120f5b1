"""JSON to types and back, for every document there is. What is no such document is refused with the place that is wrong."""

from __future__ import annotations

import json
from typing import Any, TypeVar, cast

import msgspec

T = TypeVar("T")


class WireError(ValueError):
    """It is not what it should be. ``str(error)`` says where: ``Expected `str`, got `int` - at `$.findings[3].ref.id```."""


class NotJsonError(WireError):
    """It is no JSON at all."""


def encode(value: object) -> bytes:
    """``value`` as JSON in UTF-8. What no Unicode text can hold (half a surrogate pair) is replaced."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_whole(msgspec.to_builtins(value)))


def text_of(value: object) -> str:
    """The same as text."""
    return encode(value).decode()


def builtins_of(value: object) -> Any:
    """``value`` as the dicts, lists and texts of its JSON, for loggers and the Lambda runtime, which encode it themselves."""
    return msgspec.json.decode(encode(value))


def decode(data: bytes | str, kind: type[T]) -> T:
    """The document of type ``kind`` in ``data``; members that it does not have are left alone.

    Raises:
        WireError: it is no JSON, or not of that type.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise WireError(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _decode_leniently(data, kind, str(error))


def convert(value: object, kind: type[T]) -> T:
    """The document of type ``kind`` in dicts and lists; raises as :func:`decode`."""
    try:
        return msgspec.convert(value, type=kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise WireError(str(error)) from None


def _decode_leniently(data: bytes | str, kind: type[T], why: str) -> T:
    """What :mod:`json` reads and msgspec does not: earlier releases wrote halves of surrogate pairs as escapes."""
    try:
        value = _whole(json.loads(data))
    except (ValueError, RecursionError):
        raise NotJsonError(f"it is not JSON: {why}") from None
    try:
        return msgspec.json.decode(msgspec.json.encode(value), type=kind)
    except (msgspec.DecodeError, OverflowError, RecursionError) as error:
        raise WireError(str(error)) from None


def _whole(value: Any) -> Any:
    """``value`` with texts that can be encoded."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole(key): _whole(part) for key, part in cast("dict[str, Any]", value).items()}
    return [_whole(part) for part in cast("list[Any]", value)] if isinstance(value, list | tuple) else value
