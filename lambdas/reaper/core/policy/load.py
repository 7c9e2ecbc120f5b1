"""Loads a policy document strictly: a policy book, or every error of the file at once.

What cannot be understood is an error, never a guess: a tool that stops people's work must not act on a misread file.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from reaper.catalog.services import prices
from reaper.core.policy import syntax
from reaper.core.policy.document import ListNode, Node, ScalarKind, ScalarNode
from reaper.core.policy.model import DEFAULT_OWNER_TAGS, SCHEMA_VERSION, Guards, Policy, PolicyBook
from reaper.core.policy.parse_guards import parse_guards
from reaper.core.policy.parse_policy import parse_policy
from reaper.core.policy.parse_values import number, strict_text
from reaper.core.policy.place import Place
from reaper.core.policy.problems import Problem, Severity, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Loaded", "Problem", "Severity", "load"]

KNOWN: Final = ("version", "policies", "guards", "owner_tags", "prices")
_WANTED: Final = "a mapping with version and policies"
EMPTY_HINT: Final = f"begin it with version: {SCHEMA_VERSION} and policies: []"
NONE_HINT: Final = "to have none say so: policies: []"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a document says. ``book`` is ``None`` when there is any error; warnings alone leave it usable.

    ``problems`` are in the order of the file.
    """

    book: PolicyBook | None
    problems: tuple[Problem, ...] = ()


def load(document: Node) -> Loaded:
    """The policy book in ``document``, and everything that is wrong with it or worth a warning. Raises nothing."""
    root = Place(document)
    book = _parse_book(root)
    if not root.failed and not root.says("policies"):
        root.error("`policies` is missing", NONE_HINT)  # told alone: where there is more, it may be a key misspelt
    failed = root.failed
    if not failed and book is not None and not book.policies:
        root.warning("no policies: every session is kept, nothing is reported or stopped")
    return Loaded(
        None if failed else book,
        tuple(sorted(root.findings, key=lambda problem: (problem.line or 0, problem.column or 0))),
    )


def _parse_book(root: Place) -> PolicyBook | None:
    if root.is_empty:
        return root.error("nothing is written in this file, or only comments", EMPTY_HINT)
    fields = root.fields(KNOWN, _WANTED)
    if fields is None:
        return None
    if "version" in fields:
        if _is_another_version(fields.pop("version")):
            return None
    else:
        root.error("`version` is missing", f"begin the file with version: {SCHEMA_VERSION}")
    policies = _parse_policies(fields.pop("policies")) if "policies" in fields else ()
    written = {key: place for key, place in fields.items() if not place.is_empty}
    for key in fields.keys() - written.keys():
        fields[key].warning(
            "nothing is written here, so the defaults hold", "remove the key, unless the file was cut off"
        )
    guards = parse_guards(written["guards"]) if "guards" in written else Guards()
    owner_tags = _parse_owner_tags(written["owner_tags"]) if "owner_tags" in written else DEFAULT_OWNER_TAGS
    prices = _parse_prices(written["prices"]) if "prices" in written else MappingProxyType[str, float]({})
    if policies is None or guards is None or owner_tags is None or prices is None:
        return None
    return PolicyBook(policies=policies, guards=guards, owner_tags=owner_tags, prices=prices)


def _is_another_version(place: Place) -> bool:
    """Whether the file is written for another release, whose grammar nothing here could judge."""
    wanted = f"version {SCHEMA_VERSION}"
    if not isinstance(place.node, ScalarNode) or place.node.kind is not ScalarKind.NUMBER:
        place.wrong_type(wanted, f"write version: {SCHEMA_VERSION}, without quotes")
        return False
    if place.node.text == str(SCHEMA_VERSION):
        return False
    place.error(f"version {place.node.text[:40]} is not known here", f"this release reads {wanted}")
    del place.findings[:-1]
    return True


def _parse_policies(place: Place) -> tuple[Policy, ...] | None:
    if isinstance(place.node, ListNode) and not place.node.items:
        return ()
    if place.is_empty:
        return place.error("nothing is written here", f"was the file cut off? {NONE_HINT}")
    items = place.items("a list of policies", "begin each policy with a hyphen: - name: ..")
    if items is None:
        return None
    taken: dict[str, Place] = {}
    policies = [parse_policy(item, taken) for item in items]
    found = tuple(policy for policy in policies if policy is not None)
    return found if len(found) == len(policies) else None


def _parse_owner_tags(place: Place) -> tuple[str, ...] | None:
    items = place.items("a list of tag keys", "write it like [owner, team]")
    if items is None:
        return None
    keys: list[str] = []
    for item in items:
        key = strict_text(item, "a tag key")
        if key is None:
            continue
        if not key:
            item.error("a tag key is empty")
        elif key in keys:
            item.error(f"{quoted(key)} is listed twice")
        else:
            keys.append(key)
    return tuple(keys) if len(keys) == len(items) else None


def _parse_prices(place: Place) -> Mapping[str, float] | None:
    fields = place.fields(tuple(prices()), "a mapping of prices", noun="price")
    if fields is None:
        return None
    read = {key: _parse_price(value) for key, value in fields.items()}
    found = {key: price for key, price in read.items() if price is not None}
    return MappingProxyType(found) if len(found) == len(read) else None


def _parse_price(place: Place) -> float | None:
    price = number(place, "a price in USD per unit and hour", "write the number alone: 0.44")
    if price is not None and not 0 < price <= syntax.MAX_PRICE:
        return place.error(
            f"{price:g} is no price", f"write USD per unit and hour, above 0 and up to {syntax.MAX_PRICE}"
        )
    return price
