"""Conditions on ordered facts: ``"> 2h"``, ``"<= 5"``, ``"> idle_timeout"``, ``present`` and ``absent``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reaper.core import durations
from reaper.core.policy import syntax
from reaper.core.policy.document import ListNode, MappingNode, ScalarKind, ScalarNode
from reaper.core.policy.model import Compare, Condition, FactRef, Not, Operator, Presence
from reaper.core.policy.parse_text import ABSENT, PRESENT
from reaper.core.policy.problems import did_you_mean, one_of, quoted
from reaper.core.vocabulary import VOCABULARY, FactDefinition, FactType

if TYPE_CHECKING:
    from reaper.core.policy.place import Place

UNEQUAL: Final = "!="
OPERATORS: Final = (*Operator, UNEQUAL)

_BEGINS: Final = re.compile(r" *([<>=!~≤≥≠]+)")
_MEANT: Final = {"=>": ">=", "=<": "<=", "=": "==", "===": "==", "<>": "!=", "!": "!=", "≥": ">=", "≤": "<=", "≠": "!="}
_EXAMPLES: Final = {FactType.DURATION: ">= 30m", FactType.NUMBER: ">= 5", FactType.MONEY: "> 1.50"}


def comparable_with(fact: FactDefinition) -> tuple[str, ...]:
    """The facts that may stand on the right side of a comparison of ``fact``: the others of its type."""
    return tuple(other.name for other in VOCABULARY.values() if other.type is fact.type and other.name != fact.name)


def parse_comparison(place: Place, fact: FactDefinition) -> Condition | None:
    """The condition on an ordered fact. ``!=`` is exactly ``not ==``, and so true of an absent fact."""
    text = _text(place, fact)
    if text is None:
        return None
    if text in {PRESENT, ABSENT}:
        return Presence(fact.name, text == PRESENT)
    symbol = _operator(place, text, fact)
    if symbol is None:
        return None
    right = _parse_right(place, text.strip(" ")[len(symbol) :].strip(" "), fact)
    if right is None:
        return None
    return (
        Not(Compare(fact.name, Operator.EQUAL, right))
        if symbol == UNEQUAL
        else Compare(fact.name, Operator(symbol), right)
    )


def _text(place: Place, fact: FactDefinition) -> str | None:
    """The comparison as text, if it is one."""
    example = _EXAMPLES[fact.type]
    wanted = f"a comparison like {quoted(example)}, {PRESENT} or {ABSENT}"
    match place.node:
        case ListNode():
            return place.wrong_type(wanted, f'for several comparisons write `all: [{{{fact.name}: "{example}"}}, ..]`')
        case MappingNode():
            return place.wrong_type(wanted, f'write it as one text: "{example}"')
        case ScalarNode(ScalarKind.TEXT, text):
            return text
        case ScalarNode(ScalarKind.NUMBER, text):
            return place.error(f"{text[:40]} is no comparison", _bare_hint(text, fact))
        case ScalarNode():
            return place.wrong_type(wanted)


def _operator(place: Place, text: str, fact: FactDefinition) -> str | None:
    """The operator ``text`` begins with."""
    if text in {f"!{PRESENT}", f"!{ABSENT}"}:
        return place.error(f"{quoted(text)} negates twice", f"write {ABSENT if text.endswith(PRESENT) else PRESENT}")
    begins = _BEGINS.match(text)
    if begins is None:
        return place.error(f"{quoted(text)} is no comparison", _bare_hint(text, fact))
    symbol = begins.group(1)
    if symbol in OPERATORS:
        return symbol
    near = f"did you mean `{_MEANT[symbol]}`?" if symbol in _MEANT else f"expected {one_of(OPERATORS)}"
    return place.error(f"no such operator {quoted(symbol)}", near)


def _parse_right(place: Place, text: str, fact: FactDefinition) -> float | FactRef | None:
    if text in VOCABULARY:
        other = VOCABULARY[text]
        if other is fact:
            return place.error(f"{fact.name} is compared with itself", "name another fact or a value")
        if other.type is not fact.type:
            return place.error(
                f"{fact.name} ({fact.type.value}) cannot be compared with {text} ({other.type.value})",
                f"compare it with a {fact.type.value}" + "".join(f" or `{name}`" for name in comparable_with(fact)),
            )
        return FactRef(text)
    if fact.type is FactType.DURATION:
        near = did_you_mean(text, comparable_with(fact)) if re.fullmatch(r"[A-Za-z_][A-Za-z_ -]*", text) else ""
        try:
            return durations.parse(text)
        except durations.DurationError as error:
            return place.error(str(error), near or error.hint)
    if not re.fullmatch(syntax.NUMBER, text):
        near = did_you_mean(text, comparable_with(fact))
        return place.error(f"{quoted(text)} is not a number", near or _number_hint(text, fact))
    return float(text)


def _number_hint(text: str, fact: FactDefinition) -> str:
    if fact.type is FactType.MONEY and re.fullmatch(r"([$] *[0-9.]+|[0-9.]+ *([$]|USD))", text):
        return "costs are in USD: write the number alone"
    if text.startswith("-"):
        return f"{fact.name} is never negative"
    return f"write it like {quoted(_EXAMPLES[fact.type])}"


def _bare_hint(text: str, fact: FactDefinition) -> str:
    """What to write for a value without an operator: ``30m`` -> ``write ">= 30m"``."""
    if fact.type is not FactType.DURATION:
        value = text if re.fullmatch(syntax.NUMBER, text) else None
        return f'write ">= {value}" or "== {value}"' if value else f'write it like "{_EXAMPLES[fact.type]}"'
    try:
        durations.parse(text)
    except durations.DurationError:
        if re.fullmatch(r"[0-9]{1,9}", text):
            return f'{text} of what? write ">= {text}m" or ">= {text}s"'
        return f'write it like "{_EXAMPLES[fact.type]}"'
    return f'write ">= {text}"'
