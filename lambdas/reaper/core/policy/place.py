"""A part of a document being loaded: what is written there, where, and the findings it may add to.

Every reader takes a :class:`Place` and gives a value, or ``None`` after it has added an error: that is how all the errors
of a file are found at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reaper.core.policy.document import ListNode, MappingNode, Node, ScalarKind, ScalarNode
from reaper.core.policy.problems import Problem, Severity, did_you_mean, one_of, quoted

if TYPE_CHECKING:
    from collections.abc import Collection

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_-]*")
_FEW: Final = 12
"""So many allowed keys are still worth listing in a hint."""


@dataclass(frozen=True, slots=True)
class Place:
    """One node of the document, with its path. ``key`` is the key it stands under, if it does."""

    node: Node
    path: str = ""
    key: ScalarNode | None = None
    findings: list[Problem] = field(default_factory=list[Problem], compare=False)

    def error(self, message: str, hint: str = "") -> None:
        """Adds an error at the value; the file will not load."""
        self._find(Severity.ERROR, self.node, message, hint)

    def key_error(self, message: str, hint: str = "") -> None:
        """Adds an error at the key, where the key is what is wrong."""
        self._find(Severity.ERROR, self.key or self.node, message, hint)

    def warning(self, message: str, hint: str = "") -> None:
        """Adds a warning at the value; the file loads."""
        self._find(Severity.WARNING, self.node, message, hint)

    @property
    def failed(self) -> bool:
        """Whether there is any error yet, here or anywhere in the document."""
        return any(problem.severity is Severity.ERROR for problem in self.findings)

    def says(self, *keys: str) -> bool:
        """Whether any of ``keys`` is written here."""
        return isinstance(self.node, MappingNode) and any(key.text in keys for key, _ in self.node.entries)

    @property
    def is_empty(self) -> bool:
        """True where nothing is written: YAML's and JSON's null."""
        return isinstance(self.node, ScalarNode) and self.node.kind is ScalarKind.NULL

    def wrong_type(self, wanted: str, hint: str = "") -> None:
        """Adds the error that this is not ``wanted`` ("a list of services")."""
        if isinstance(self.node, ScalarNode) and self.node.kind is ScalarKind.MARKUP:
            self.error(
                f"{quoted(self.node.text)} is YAML markup here, not text", f'write it in quotes: "{self.node.text}"'
            )
        else:
            self.error(f"expected {wanted}, found {describe(self.node)}", hint)

    def items(self, wanted: str, hint: str = "") -> list[Place] | None:
        """The places of a list that has at least one item."""
        if not isinstance(self.node, ListNode):
            return self.wrong_type(wanted, hint)
        if not self.node.items:
            return self.error("the list is empty", f"write {wanted}, or leave it out")
        return [Place(item, f"{self.path}[{i}]", None, self.findings) for i, item in enumerate(self.node.items)]

    def fields(
        self, known: Collection[str], wanted: str, *, noun: str = "key", hint: str = ""
    ) -> dict[str, Place] | None:
        """The places of a mapping by key, only ``known`` ones; unknown and duplicate keys are errors."""
        entries = self.entries(wanted, hint)
        if entries is None:
            return None
        for key in [key for key in entries if key not in known]:
            near = did_you_mean(key, known) or (f"expected {one_of(sorted(known))}" if len(known) <= _FEW else "")
            entries.pop(key).key_error(f"no such {noun} {quoted(key)}", near)
        return entries

    def entries(self, wanted: str, hint: str = "") -> dict[str, Place] | None:
        """The places of a mapping by key, whatever the keys; duplicate and empty ones are errors."""
        if not isinstance(self.node, MappingNode):
            return self.wrong_type(wanted, hint)
        found: dict[str, Place] = {}
        for key, value in self.node.entries:
            place = Place(value, self._below(key.text), key, self.findings)
            if key.kind in {ScalarKind.NULL, ScalarKind.MARKUP} or not key.text:
                place.key_error(
                    "a key is missing here" if key.kind is not ScalarKind.MARKUP else "a key lacks its quotes"
                )
            elif key.text in found:
                first = found[key.text].key
                at = f", first on line {first.line}" if first is not None and first.line is not None else ""
                place.key_error(f"the key {quoted(key.text)} is written twice{at}", "keep one of them")
            else:
                found[key.text] = place
        return found

    def _below(self, key: str) -> str:
        if not _PLAIN_KEY.fullmatch(key):
            return f'{self.path}["{key}"]'
        return f"{self.path}.{key}" if self.path else key

    def _find(self, severity: Severity, node: Node, message: str, hint: str) -> None:
        self.findings.append(
            Problem(severity=severity, message=message, path=self.path, line=node.line, column=node.column, hint=hint)
        )


def describe(node: Node) -> str:
    """What is written there, for an error: ``a list``, ``the number 5``, ``nothing``."""
    match node:
        case ListNode():
            return "a list"
        case MappingNode():
            return "a mapping"
        case ScalarNode(ScalarKind.NULL):
            return "nothing"
        case ScalarNode(ScalarKind.NUMBER, text):
            return f"the number {text[:40]}"
        case ScalarNode(_, text):
            return f"the text {quoted(text)}"
