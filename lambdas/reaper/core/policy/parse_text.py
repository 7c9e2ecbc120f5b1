"""Conditions on text facts and tags: a value, a list of values, globs, ``!`` and ``present`` / ``absent``.

``present``, ``absent``, a leading ``!`` and what looks like a comparison always have their meaning; no escape takes it away.
A value that really reads so is met by a glob: ``presen?``, ``?red``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reaper.core.policy import syntax
from reaper.core.policy.document import ListNode, MappingNode, ScalarKind, ScalarNode
from reaper.core.policy.globs import is_glob, matcher
from reaper.core.policy.model import AllOf, Condition, Not, Presence, TagPresence, TagTest, TextTest
from reaper.core.policy.parse_values import any_text
from reaper.core.policy.problems import meant_or_expected, one_of, quoted
from reaper.core.session import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from reaper.core.policy.place import Place
    from reaper.core.vocabulary import FactDefinition

PRESENT: Final = "present"
ABSENT: Final = "absent"

_LIVE_NEVER: Final = {
    Phase.ENDED: "policies see live sessions only",
    Phase.UNKNOWN: "an unknown phase is undecidable, it neither equals nor differs from anything",
}


def parse_text(place: Place, fact: FactDefinition) -> Condition | None:
    """The condition on a text fact; one with a closed list of values is checked against it."""
    return _parse(
        place,
        lambda patterns: TextTest(fact.name, patterns),
        lambda present: Presence(fact.name, present),
        fact.choices,
        fact.name,
    )


def parse_tags(place: Place) -> Condition | None:
    """The condition under ``tags``: ``present`` (it has at least one), ``absent``, or conditions by tag key."""
    wanted = "a mapping of tag keys to values"
    if isinstance(place.node, ScalarNode) and place.node.kind is ScalarKind.TEXT:
        if place.node.text in {PRESENT, ABSENT}:
            return Presence("tags", place.node.text == PRESENT)
        return place.wrong_type(f"{wanted}, {PRESENT} or {ABSENT}", "write it like {env: prod}")
    entries = place.entries(wanted, "write it like {env: prod}")
    if entries is None:
        return None
    if isinstance(place.node, MappingNode) and not place.node.entries:
        return place.error("no tag is named here", f"write it like {{env: prod}}, {PRESENT} or {ABSENT}")
    return conjoin([_parse_tag(value, key) for key, value in entries.items()]) if entries else None


def conjoin(terms: list[Condition | None]) -> Condition | None:
    """All of ``terms``, or ``None`` when one of them is in error."""
    found = tuple(term for term in terms if term is not None)
    if len(found) < len(terms):
        return None
    return found[0] if len(found) == 1 else AllOf(found)


def _parse_tag(place: Place, key: str) -> Condition | None:
    if not re.fullmatch(syntax.TAG_KEY, key):
        return place.key_error(
            f"the tag key {quoted(key)} holds a glob", "tag keys are matched literally: name each key"
        )
    return _parse(
        place, lambda patterns: TagTest(key, patterns), lambda present: TagPresence(key, present), (), f"the tag {key}"
    )


def _parse(
    place: Place,
    test: Callable[[tuple[str, ...]], TextTest | TagTest],
    presence: Callable[[bool], Presence | TagPresence],
    choices: tuple[str, ...],
    subject: str,
) -> Condition | None:
    if isinstance(place.node, ListNode):
        items = place.items("at least one value")
        patterns = [_parse_item(item, choices, subject) for item in items or ()]
        found = tuple(pattern for pattern in patterns if pattern is not None)
        return test(found) if items is not None and len(found) == len(patterns) else None
    text = any_text(place, f"a value of {subject}, a list of values, {PRESENT} or {ABSENT}")
    if text is None:
        return None
    if text in {PRESENT, ABSENT}:
        return presence(text == PRESENT)
    if not text.startswith("!"):
        return test((text,)) if _is_pattern(place, text, choices, subject) else None
    pattern = text[1:]
    if pattern in {PRESENT, ABSENT}:
        return place.error(f"{quoted(text)} negates twice", f"write {ABSENT if pattern == PRESENT else PRESENT}")
    if not pattern or pattern[0] in "!= ":
        return place.error(f"{quoted(text)} is no negation of a value", 'write "!" and the value: "!red"')
    return Not(test((pattern,))) if _is_pattern(place, pattern, choices, subject) else None


def _parse_item(place: Place, choices: tuple[str, ...], subject: str) -> str | None:
    text = any_text(place, f"a value of {subject}")
    if text is None:
        return None
    if text in {PRESENT, ABSENT}:
        return place.error(f"{quoted(text)} cannot stand in a list", f"write `any: [..]` with a condition for {text}")
    if text.startswith("!"):
        return place.error(
            f"{quoted(text)} cannot stand in a list: a list means any of its values",
            f"to exclude several values write `not: {{..}}` around a list without {quoted('!')}",
        )
    return text if _is_pattern(place, text, choices, subject) else None


def _is_pattern(place: Place, text: str, choices: tuple[str, ...], subject: str) -> bool:
    """Whether ``text`` is a value or glob that may be asked of the fact; adds the error if not."""
    if text and not re.match(syntax.VALUE_START, text):
        place.error(f"{subject} is text and has no order: {quoted(text)} compares", "write the value alone")
        return False
    if not choices:
        return True
    if is_glob(text):
        matches = matcher((text,))
        if not any(matches(choice) for choice in choices):
            place.error(f"{quoted(text)} matches no {subject}", f"expected {one_of(choices)}")
            return False
    elif text not in choices:
        place.error(f"no such {subject} {quoted(text)}", meant_or_expected(text, choices))
        return False
    elif subject == "phase" and text in _LIVE_NEVER:
        place.warning(f"no session a policy sees is {quoted(text)}", _LIVE_NEVER[Phase(text)])
    return True
