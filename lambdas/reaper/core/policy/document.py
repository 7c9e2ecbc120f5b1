"""A policy document as a tree that remembers where each part was written, whatever language it was written in.

A scalar keeps its text exactly as the user wrote it, so that ``no``, ``1e3`` or ``2026-03-01`` stay those words wherever
text is meant. Deployed policies are JSON, read here; YAML is read by the command line, which gives the same tree.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, NoReturn, cast

from reaper.core.policy.problems import Problem, Severity

MAX_DEPTH: Final = 64
"""How deep lists and mappings may nest. No policy needs it; a hostile file might."""

_NUMERIC: Final = frozenset({"version", "guards", "prices"})
"""The top-level keys under which a number means a number; everywhere else it is text that looks like one ..."""
_NUMERIC_IN_POLICY: Final = frozenset({"snooze"})
"""... but for these keys of a policy. A tag that is called so stands deeper, and stays text."""


class ScalarKind(Enum):
    """What a scalar looks like in the file. The loader decides what it means."""

    TEXT = "text"
    NUMBER = "number"
    """A number as JSON writes them; ``0x10``, ``1_000`` and ``08:00`` are text."""
    BOOLEAN = "boolean"
    NULL = "null"
    MARKUP = "markup"
    """Text that lacks its quotes, and so was read as a YAML tag (``!red``) or an unknown alias (``*prod``)."""


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One value or key. ``line`` and ``column`` count from 1, and are ``None`` where they are not known."""

    kind: ScalarKind
    text: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list, in order."""

    items: tuple[Node, ...]
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping as written: in order, and with the duplicate keys that the loader reports."""

    entries: tuple[tuple[ScalarNode, Node], ...]
    line: int | None = None
    column: int | None = None


Node = ScalarNode | ListNode | MappingNode


class DocumentError(Exception):
    """A text is no document at all: bad syntax, bad encoding, unreadable. ``problem`` says what, where and what to do."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.problem = Problem(severity=Severity.ERROR, message=message, line=line, column=column, hint=hint)


def decode(data: bytes) -> str:
    """The text of a UTF-8 file, without a byte order mark.

    Raises:
        DocumentError: it is in another encoding.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DocumentError("the file is UTF-16", 1, 1, "save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode(errors="replace")) + 1
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        raise DocumentError(message, line, column, "save the file as UTF-8") from None


def from_json(text: str | bytes) -> Node:
    """The document in a JSON text. Its nodes have no positions; syntax errors do.

    Raises:
        DocumentError: it is no JSON, is nested deeper than :data:`MAX_DEPTH`, or holds half a surrogate pair.
    """
    source = decode(text) if isinstance(text, bytes) else text.removeprefix("\ufeff")
    try:
        value = json.loads(
            source,
            object_pairs_hook=_Pairs,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise DocumentError(f"not valid JSON: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise _too_deep() from None
    return _node(value, 0)


def canonical_json(document: Node) -> str:
    """A document that loads without errors as compact ASCII JSON, which loads to an equal policy book.

    The same document gives the same text, whether it was written in YAML or JSON. Keys keep their order; what is text to a
    policy is a JSON string, so that no other JSON tool can reinterpret it.
    """
    return json.dumps(_plain(document), separators=(",", ":"))


def digest(document: Node) -> str:
    """Names the content of a document: the SHA-256 of its :func:`canonical_json`, in hexadecimal."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


class _Pairs(list["tuple[str, Any]"]):
    """A JSON object before it is a node: duplicates kept."""


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def _refuse_constant(name: str) -> NoReturn:
    raise DocumentError(f"not valid JSON: {name} is not a JSON number")


def _too_deep() -> DocumentError:
    return DocumentError(f"the document is nested more than {MAX_DEPTH} deep")


def _node(value: Any, depth: int) -> Node:
    if depth >= MAX_DEPTH and isinstance(value, list):
        raise _too_deep()
    match value:
        case _Pairs():
            return MappingNode(tuple((_text(key), _node(item, depth + 1)) for key, item in value))
        case list():
            return ListNode(tuple(_node(item, depth + 1) for item in cast("list[Any]", value)))
        case _Number():
            return ScalarNode(ScalarKind.NUMBER, str(value))
        case str():
            return _text(value)
        case bool():
            return ScalarNode(ScalarKind.BOOLEAN, "true" if value else "false")
        case None:
            return ScalarNode(ScalarKind.NULL, "null")
        case _:
            raise AssertionError(f"json.loads made a {type(value)}")


def _text(value: str) -> ScalarNode:
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise DocumentError("a text holds half a surrogate pair, which is no character")
    return ScalarNode(ScalarKind.TEXT, value)


def _plain(node: Node) -> object:
    match node:
        case MappingNode(entries):
            return {key.text: _top_level(key.text, value) for key, value in entries}
        case ListNode() | ScalarNode():
            raise ValueError("only a mapping loads without errors")


def _top_level(key: str, node: Node) -> object:
    if key == "policies" and isinstance(node, ListNode):
        return [_policy(item) for item in node.items]
    return _numeric(node) if key in _NUMERIC else _texts(node)


def _policy(node: Node) -> object:
    match node:
        case MappingNode(entries):
            return {
                key.text: _numeric(value) if key.text in _NUMERIC_IN_POLICY else _texts(value) for key, value in entries
            }
        case ListNode() | ScalarNode():
            return _texts(node)


def _texts(node: Node) -> object:
    match node:
        case MappingNode(entries):
            return {key.text: _texts(value) for key, value in entries}
        case ListNode(items):
            return [_texts(item) for item in items]
        case ScalarNode(kind, text):
            return None if kind is ScalarKind.NULL else text


def _numeric(node: Node) -> object:
    match node:
        case MappingNode(entries):
            return {key.text: _numeric(value) for key, value in entries}
        case ScalarNode(ScalarKind.NUMBER, text):
            return json.loads(text)
        case ScalarNode() | ListNode():
            return _texts(node)
