"""Single values of a policy file: text, numbers, durations, words from closed lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from reaper.core import durations
from reaper.core.policy.document import ScalarKind, ScalarNode
from reaper.core.policy.problems import meant_or_expected, one_of, quoted

if TYPE_CHECKING:
    from collections.abc import Collection

    from reaper.core.policy.place import Place

_INTEGER: Final = re.compile(r"-?[0-9]{1,15}")
_SYNONYMS: Final = {
    "kill": "stop",
    "terminate": "stop",
    "delete": "stop",
    "notify": "report",
    "warn": "report",
    "keep": "protect",
    "report": "observe",
    "dry-run": "observe",
    "stop": "enforce",
    "warning": "warn",
}

Word = TypeVar("Word", bound=str)


def any_text(place: Place, wanted: str) -> str | None:
    """The text of a fact's value, exactly as written: ``no``, ``1e3``, ``012`` and dates are text too."""
    if place.is_empty:
        return place.error("nothing is written here", f'write {wanted}, or "" for an empty text')
    if not isinstance(place.node, ScalarNode) or place.node.kind is ScalarKind.MARKUP:
        return place.wrong_type(wanted)
    return place.node.text


def strict_text(place: Place, wanted: str) -> str | None:
    """A text that is written as text; a number or ``true`` needs quotes."""
    match place.node:
        case ScalarNode(ScalarKind.TEXT, text):
            return text
        case ScalarNode(ScalarKind.NUMBER | ScalarKind.BOOLEAN, text):
            return place.wrong_type(wanted, f'write it in quotes: "{text}"')
        case _:
            return place.wrong_type(wanted)


def number(place: Place, wanted: str, hint: str = "") -> float | None:
    """A number, and not a text that looks like one."""
    if not isinstance(place.node, ScalarNode) or place.node.kind is not ScalarKind.NUMBER:
        return place.wrong_type(wanted, hint)
    return float(place.node.text)


def count(place: Place, wanted: str, largest: int) -> int | None:
    """A whole number from 0 to ``largest``."""
    if not isinstance(place.node, ScalarNode) or place.node.kind is not ScalarKind.NUMBER:
        return place.wrong_type(wanted)
    if not _INTEGER.fullmatch(place.node.text) or not 0 <= int(place.node.text) <= largest:
        return place.error(f"{place.node.text[:40]} is out of range", f"write {wanted}, from 0 to {largest}")
    return int(place.node.text)


def duration(place: Place, example: str) -> float | None:
    """Seconds; a bare number is an error, because nobody can know its unit."""
    if not isinstance(place.node, ScalarNode) or place.node.kind not in {ScalarKind.TEXT, ScalarKind.NUMBER}:
        return place.wrong_type("a duration", f"write it like {example}")
    try:
        return durations.parse(place.node.text)
    except durations.DurationError as error:
        return place.error(str(error), error.hint)


def word(place: Place, words: Collection[Word], noun: str) -> Word | None:
    """One of a closed list of words."""
    text = strict_text(place, f"one of {one_of(words)}")
    if text is None:
        return None
    found = next((one for one in words if one == text), None)
    return place.error(f"no such {noun} {quoted(text)}", _suggest(text, words)) if found is None else found


def words(place: Place, kind: Collection[Word], noun: str) -> frozenset[Word] | None:
    """A list of different words from a closed list."""
    alone = place.node.text if isinstance(place.node, ScalarNode) and not place.is_empty else ""
    items = place.items(f"a list of {one_of(kind)}", alone and f"write it as a list: [{alone}]")
    if items is None:
        return None
    found: set[Word] = set()
    for item in items:
        value = word(item, kind, noun)
        if value is not None and value in found:
            item.error(f"{quoted(value)} is listed twice")
        elif value is not None:
            found.add(value)
    return frozenset(found)


def _suggest(text: str, options: Collection[str]) -> str:
    """What was probably meant by a wrong word; common synonyms of the actions and stages are known."""
    synonym = _SYNONYMS.get(text.lower())
    return f"did you mean `{synonym}`?" if synonym in list(options) else meant_or_expected(text, options)
