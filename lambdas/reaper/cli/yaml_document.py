"""Reads a policy file: YAML (or JSON) to the tree the loader takes, with the line and column of every part.

YAML's surprises are taken out here. A plain scalar means what JSON would make of it, and is otherwise the text the user
wrote: ``no``, ``on``, ``08:00``, ``1_000``, ``0x10`` and dates are text. Tags and merge keys are not supported.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reaper.core.policy.document import (
    MAX_DEPTH,
    DocumentError,
    ListNode,
    MappingNode,
    Node,
    ScalarKind,
    ScalarNode,
    decode,
    from_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NODES: Final = 100_000
"""How many parts a file may have once its aliases are followed. A thousand policies have about ten thousand."""

_LOADER: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_BOOLEANS: Final = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STRING_TAG: Final = "tag:yaml.org,2002:str"
_BARE: Final = re.compile(r"(?:[:-]\s+|[,\[{]\s*)([*&!>|%@`][^,\]}]*)")
"""A value without quotes that begins with a character which means something to YAML."""
_STRANGE_BLANK: Final = re.compile("[ \t]*([^\\S\t\n\r ]|[\u200b\u2060\ufeff])")
"""How a line begins that looks indented, and to YAML begins with text."""


def read_policy_file(path: Path) -> Node:
    """The document in the file: JSON where the name ends in ``.json``, else YAML.

    Raises:
        DocumentError: it cannot be read, or holds no document.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise DocumentError(f"the file cannot be read: {reason}", hint="check the path and its permissions") from None
    return from_json(data) if path.suffix.lower() == ".json" else read_yaml(data)


def read_yaml(text: str | bytes) -> Node:
    """The document in a YAML text; an empty text is a null scalar.

    Raises:
        DocumentError: it is no UTF-8, no YAML, more than one document, or one that no policy file could be (nested too
            deep, or grown past :data:`MAX_NODES` by its aliases).
    """
    source = decode(text) if isinstance(text, bytes) else text.removeprefix("\ufeff")
    if strange := _UNPRINTABLE.search(source):
        line, column = _position(source, strange.start())
        raise DocumentError(f"the character U+{ord(strange.group()):04X} may not stand in a YAML file", line, column)
    try:
        return _Builder(cast("Iterator[Event]", yaml.parse(source, Loader=_LOADER))).document()
    except yaml.MarkedYAMLError as error:
        raise _explained(error, source) from None
    except yaml.YAMLError as error:
        raise DocumentError(f"not valid YAML: {error}") from None
    except RecursionError:
        raise _too_deep(None) from None


class _Builder:
    """Makes the tree from YAML's events, keeping count of what aliases make of it."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._count = 0

    def document(self) -> Node:
        """The only document of the stream."""
        root: Node | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    raise DocumentError(
                        "the file holds more than one document", *_start(event), "keep one, without `---`"
                    )
                root = self._node(next(self._events), 0)
            elif isinstance(event, DocumentEndEvent):
                continue
        return root if root is not None else ScalarNode(ScalarKind.NULL, "", 1, 1)

    def _node(self, event: Event, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        before = self._count
        self._grow(1, event)
        node = self._new_node(event, depth)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = (node, self._count - before)
        return node

    def _new_node(self, event: Event, depth: int) -> Node:
        if isinstance(event, ScalarEvent):
            return _scalar(event)
        if depth >= MAX_DEPTH:
            raise _too_deep(event)
        if getattr(event, "tag", None) not in {None, "!"}:
            raise DocumentError(f"the tag {event.tag} is not supported", *_start(event), "remove it")  # type: ignore[attr-defined]
        if isinstance(event, SequenceStartEvent):
            return self._list(event, depth)
        return self._mapping(event, depth)

    def _list(self, event: Event, depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(following := next(self._events), SequenceEndEvent):
            items.append(self._node(following, depth + 1))
        return ListNode(tuple(items), *_start(event))

    def _mapping(self, event: Event, depth: int) -> Node:
        assert isinstance(event, MappingStartEvent)  # noqa: S101 - nothing else starts a node
        entries: list[tuple[ScalarNode, Node]] = []
        while not isinstance(following := next(self._events), MappingEndEvent):
            key = self._node(following, depth + 1)
            if not isinstance(key, ScalarNode):
                raise DocumentError(
                    "a key is a list or mapping here", *_start(following), "text with braces needs quotes"
                )
            if key.text == "<<" and not getattr(following, "style", None):
                raise DocumentError("merge keys (`<<`) are not supported", key.line, key.column, "write the keys out")
            if (strange := _STRANGE_BLANK.match(key.text)) and not getattr(following, "style", None):
                raise _indented_with(strange.group(1), key.line, (key.column or 1) + strange.start(1))
            entries.append((key, self._node(next(self._events), depth + 1)))
        return MappingNode(tuple(entries), *_start(event))

    def _alias(self, event: AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            self._grow(1, event)
            return ScalarNode(ScalarKind.MARKUP, f"*{event.anchor}", *_start(event))
        node, size = self._anchors[event.anchor]
        self._grow(size, event)
        return node

    def _grow(self, size: int, event: Event) -> None:
        self._count += size
        if self._count > MAX_NODES:
            raise DocumentError(f"the document has more than {MAX_NODES} parts", *_start(event), "use fewer aliases")


def _scalar(event: ScalarEvent) -> ScalarNode:
    text, tag = event.value, event.tag
    if tag is not None and tag != _STRING_TAG:
        return ScalarNode(ScalarKind.MARKUP, f"{tag} {text}".rstrip(), *_start(event))
    kind = ScalarKind.TEXT
    if tag is None and not event.style:
        if text in _NULLS:
            kind = ScalarKind.NULL
        elif text in _BOOLEANS:
            kind = ScalarKind.BOOLEAN
        elif _NUMBER.fullmatch(text):
            kind = ScalarKind.NUMBER
    return ScalarNode(kind, text, *_start(event))


def _start(event: Event) -> tuple[int, int]:
    mark = cast("yaml.Mark", event.start_mark)  # every event of a parser has one
    return mark.line + 1, mark.column + 1


def _position(source: str, index: int) -> tuple[int, int]:
    before = source[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def _too_deep(event: Event | None) -> DocumentError:
    at = (None, None) if event is None else _start(event)
    return DocumentError(f"the document is nested more than {MAX_DEPTH} deep", *at)


def _indented_with(blank: str, line: int | None, column: int) -> DocumentError:
    name = unicodedata.name(blank, "a blank").lower()
    message = f"a line is indented with U+{ord(blank):04X}, {name}"
    return DocumentError(message, line, column, "YAML is indented with spaces")


def _explained(error: yaml.MarkedYAMLError, source: str) -> DocumentError:
    """The sentence for a syntax error, with what usually causes it."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (None, None)
    lines = source.splitlines()
    for number, begun in enumerate(lines[:line], 1):
        if strange := _STRANGE_BLANK.match(begun):
            return _indented_with(strange.group(1), number, strange.start(1) + 1)
    text = lines[line - 1] if line is not None and line <= len(lines) else ""
    if "\t" in text[: len(text) - len(text.lstrip())]:
        tab = text.index("\t") + 1
        return DocumentError("a line is indented with a tab", line, tab, "YAML is indented with spaces")
    bare = [found for found in _BARE.finditer(text) if column is None or found.start() < column]
    value = bare[-1].group(1).strip() if bare else ""
    hint = value and f'a value that begins with {value[0]} needs quotes: "{value}"'
    return DocumentError(f"not valid YAML: {error.problem or error.context}", line, column, hint)
