"""What a ``protect`` policy nearly protects: a tag that only case, blanks or separators keep from being the one it asks for.

Policies mean what they say, so such a session is not protected; but whoever reads of it hears of the tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from reaper.core.policy.compile import Check, compile_policy
from reaper.core.policy.globs import matcher
from reaper.core.policy.model import AllOf, AnyOf, Condition, Policy, TagPresence, TagTest
from reaper.core.session import Session
from reaper.core.spelling import bare
from reaper.core.vocabulary import Lens

_MEANT: Final = "\0"
"""Begins the keys of tags as they were probably meant; no service takes such a key."""


@dataclass(frozen=True, slots=True)
class Leniently:
    """A policy as it may be meant: how tags are spelt does not count."""

    policy: str
    holds: Check
    asks: tuple[tuple[str, Callable[[str], bool]], ...]
    """The tag keys that it asks for, as the file spells them, with what it asks of their values."""

    def spelt_otherwise(self, session: Session, now: float) -> str:
        """Why ``session``, which the policy does not protect, nearly is, as a sentence; empty where it nearly is not."""
        tags = session.facts.tags
        if not isinstance(tags, Mapping):
            return ""
        keys = {bare(key) for key, _ in self.asks}
        meant = {f"{_MEANT}{bare(key)}": bare(value) for key, value in tags.items() if bare(key) in keys}
        for key, value in tags.items():
            if bare(key) not in keys or any(key == asked and fits(value) for asked, fits in self.asks):
                continue
            as_meant = {**tags, **meant, f"{_MEANT}{bare(key)}": bare(value)}
            if self.holds(replace(session, facts=replace(session.facts, tags=as_meant)), now) is True:
                return f"its tag {key!r}={value!r} is spelt otherwise than {self.policy} asks, so it is not protected"
        return ""


def leniently(policy: Policy, lens: Lens) -> Leniently | None:
    """``policy`` as it may be meant, or ``None`` where it asks for no tag."""
    asks = tuple(_asks(policy.when))
    return (
        Leniently(policy.name, compile_policy(replace(policy, when=_lenient(policy.when)), lens).holds, asks)
        if asks
        else None
    )


def _asks(condition: Condition) -> Iterator[tuple[str, Callable[[str], bool]]]:
    match condition:
        case AllOf(terms) | AnyOf(terms):
            for term in terms:
                yield from _asks(term)
        case TagTest(key, patterns):
            yield key, matcher(patterns)
        case TagPresence(key, True):
            yield key, lambda _value: True
        case _:  # what must not be there cannot nearly be there
            return


def _lenient(condition: Condition) -> Condition:
    match condition:
        case AllOf(terms):
            return AllOf(tuple(map(_lenient, terms)))
        case AnyOf(terms):
            return AnyOf(tuple(map(_lenient, terms)))
        case TagTest(key, patterns):
            return TagTest(f"{_MEANT}{bare(key)}", tuple(bare(pattern, also="*?") for pattern in patterns))
        case TagPresence(key, True):
            return TagPresence(f"{_MEANT}{bare(key)}", present=True)
        case _:
            return condition
