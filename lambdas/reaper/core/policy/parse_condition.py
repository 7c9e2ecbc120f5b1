"""The ``when`` of a policy: facts, and ``all``, ``any``, ``not`` around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from reaper.core.policy.document import ListNode, MappingNode
from reaper.core.policy.model import AnyOf, Condition, Not
from reaper.core.policy.parse_compare import parse_comparison
from reaper.core.policy.parse_text import conjoin, parse_tags, parse_text
from reaper.core.vocabulary import VOCABULARY, FactType

if TYPE_CHECKING:
    from reaper.core.policy.place import Place

COMBINATIONS: Final = ("all", "any", "not")
_KNOWN: Final = (*VOCABULARY, *COMBINATIONS)
_WANTED: Final = "a mapping of facts to conditions"


def parse_condition(place: Place) -> Condition | None:
    """The condition a mapping means: all its keys must hold."""
    if isinstance(place.node, ListNode):
        return place.wrong_type(_WANTED, "write `all: [..]` or `any: [..]` around the list")
    terms = place.fields(_KNOWN, _WANTED, noun="fact", hint="write it like {phase: idle}")
    if terms is None:
        return None
    if isinstance(place.node, MappingNode) and not place.node.entries:
        return place.error("no condition is written here", "to match every session say so: {id: present}")
    return conjoin([_parse_term(term, key) for key, term in terms.items()]) if terms else None


def _parse_term(place: Place, key: str) -> Condition | None:
    if key in COMBINATIONS:
        return _parse_combination(place, key)
    fact = VOCABULARY[key]
    match fact.type:
        case FactType.TEXT:
            return parse_text(place, fact)
        case FactType.TAGS:
            return parse_tags(place)
        case FactType.DURATION | FactType.NUMBER | FactType.MONEY:
            return parse_comparison(place, fact)
        case _:
            assert_never(fact.type)


def _parse_combination(place: Place, key: str) -> Condition | None:
    if key == "not":
        inner = parse_condition(place)
        return None if inner is None else Not(inner)
    items = place.items("a list of conditions", "write a list: [{..}, {..}]")
    if items is None:
        return None
    terms = [parse_condition(item) for item in items]
    if key == "all":
        return conjoin(terms)
    found = tuple(term for term in terms if term is not None)
    return AnyOf(found) if len(found) == len(terms) else None
