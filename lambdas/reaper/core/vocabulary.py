"""The facts a policy may name: their types, and how each is read from a session at a moment.

This is the one list of them. The loader checks a policy's names against it, the JSON Schema is held to it by a test, and
``scan`` prints it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from reaper.catalog.services import prices, scope_parts, specs
from reaper.core.facts import ABSENT, NOT_ASKED, VALUELESS, Fact, Missing, Undecidable
from reaper.core.policy.model import DEFAULT_OWNER_TAGS, PolicyBook
from reaper.core.session import Phase, Session


class FactType(Enum):
    """What values a fact has, and so what may be asked of it."""

    TEXT = "text"
    DURATION = "duration"
    NUMBER = "number"
    MONEY = "money"
    TAGS = "tags"

    @property
    def ordered(self) -> bool:
        """True when it can be compared with ``<`` and ``>``."""
        return self in {FactType.DURATION, FactType.NUMBER, FactType.MONEY}


@dataclass(frozen=True, slots=True)
class Lens:
    """What reading a fact depends on besides the session: settings, never the time."""

    owner_tags: tuple[str, ...] = DEFAULT_OWNER_TAGS
    prices: Mapping[str, float] = field(default_factory=prices)

    @classmethod
    def of(cls, book: PolicyBook) -> Lens:
        """The settings a policy file makes, its prices over the list prices."""
        return cls(book.owner_tags, MappingProxyType({**prices(), **book.prices}))


Reader = Callable[[Session, float, Lens], Fact[object]]


@dataclass(frozen=True, slots=True)
class FactDefinition:
    """One fact of the vocabulary. ``choices`` is set where the values are a closed list.

    ``fields`` are the :class:`~reaper.core.facts.Facts` fields it is read from: those to ask for when it is not known.
    ``at`` is where a session has it as it is (``facts.name``), if it does: reading it there spares a call.
    """

    name: str
    type: FactType
    meaning: str
    read: Reader
    fields: frozenset[str] = frozenset()
    choices: tuple[str, ...] = ()
    at: str | None = None
    column: str = ""
    """The heading of its column in wide tables; empty: it has none."""


def read_age(session: Session, now: float, _lens: Lens | None = None) -> Fact[float]:
    """Seconds since it was created or started; never negative."""
    created = session.facts.created_at
    return created if isinstance(created, VALUELESS) else max(0.0, now - created)


def read_idle_for(session: Session, now: float, _lens: Lens | None = None) -> Fact[float]:
    """Seconds since the last evidence of use; 0 while in use, and never more than its age."""
    facts = session.facts
    since, created = facts.idle_since, facts.created_at
    if not isinstance(since, float) and isinstance(since, VALUELESS):
        return since
    if isinstance(created, float) and created > since:
        since = created
    elif isinstance(created, Undecidable):
        # Use that is older than the session itself is another's: an id may be taken again.
        return created
    return now - since if since < now else 0.0


def read_phase(session: Session, _now: float, _lens: Lens | None = None) -> Fact[Phase]:
    """The phase; undecidable where the service says something nobody has documented."""
    phase = session.facts.phase
    return Undecidable(f"the state {session.facts.state!r} is not documented") if phase is Phase.UNKNOWN else phase


def read_owner(session: Session, _now: float, lens: Lens) -> Fact[str]:
    """The first of the configured owner tags that is set, else the creator the service names."""
    tags = session.facts.tags
    if isinstance(tags, Undecidable):
        return Undecidable(f"owner tags: {tags.reason}")
    if isinstance(tags, Missing):
        return tags if tags is NOT_ASKED else session.facts.creator
    for key in lens.owner_tags:
        if value := tags.get(key):
            return value
    return session.facts.creator


def tagged_owner(session: Session, lens: Lens) -> str | None:
    """The owner that a tag names; ``None`` where none does, or tags are not known."""
    tags = session.facts.tags
    if isinstance(tags, VALUELESS):
        return None
    return next((value for key in lens.owner_tags if (value := tags.get(key))), None)


def read_hourly_cost(session: Session, _now: float, lens: Lens) -> Fact[float]:
    """USD for an hour of sitting idle; absent where no price or size is known."""
    key, units = session.facts.price_key, session.facts.billed_units
    if key is None or key not in lens.prices:
        return ABSENT
    return units if isinstance(units, VALUELESS) else units * lens.prices[key]


def read_idle_cost(session: Session, now: float, lens: Lens) -> Fact[float]:
    """USD the idleness has cost so far: ``hourly_cost`` times ``idle_for``."""
    rate, idle = read_hourly_cost(session, now, lens), read_idle_for(session, now, lens)
    if rate is ABSENT or idle is ABSENT:
        return ABSENT
    for part in (rate, idle):
        if isinstance(part, VALUELESS):
            return part
    assert isinstance(rate, float) and isinstance(idle, float)  # noqa: S101, PT018 - narrows for the type checker
    return rate * idle / 3600


def _scope_reader(part: str) -> Reader:
    def read(session: Session, _now: float, _lens: Lens) -> Fact[str]:
        return ABSENT if (value := session.ref.part(part)) is None else value

    return read


def _reader(at: str) -> Reader:
    get: Callable[[Session], Fact[object]] = attrgetter(at)

    def read(session: Session, _now: float, _lens: Lens) -> Fact[object]:
        return get(session)

    return read


def _fact(  # noqa: PLR0913 - what a row says
    name: str,
    type: FactType,  # noqa: A002 - the word of the table
    meaning: str,
    read: Reader | None = None,
    *fields: str,
    choices: tuple[str, ...] = (),
    at: str | None = None,
    column: str = "",
) -> FactDefinition:
    """A row. Without ``read``, the session has the fact as it is: ``at``, or its own field."""
    at = at or (f"facts.{name}" if read is None else None)
    found = read or _reader(at or "")
    needed = fields or ((name,) if at == f"facts.{name}" and name != "state" else ())
    # Texts alone are compiled to be read where they are.
    where = at if type is FactType.TEXT else None
    return FactDefinition(name, type, meaning, found, frozenset(needed), choices, where, column)


_TEXT, _DURATION, _NUMBER, _MONEY = FactType.TEXT, FactType.DURATION, FactType.NUMBER, FactType.MONEY
_DEFINITIONS = (
    _fact("service", _TEXT, "which service it is", choices=tuple(specs()), at="ref.service"),
    _fact("account", _TEXT, "the account that is billed for it", at="ref.account"),
    _fact("region", _TEXT, "the region it runs in", at="ref.region"),
    _fact("id", _TEXT, "its id in the service", at="ref.id"),
    _fact("name", _TEXT, "its description or cluster name", column="NAME"),
    *(_fact(part, _TEXT, f"the {part} it belongs to", _scope_reader(part)) for part in scope_parts()),
    _fact("state", _TEXT, "the service's own word, verbatim", column="STATE"),
    _fact("phase", _TEXT, "its normal form", read_phase, "phase", choices=tuple(Phase)),
    _fact("age", _DURATION, "since it was created", read_age, "created_at", column="AGE"),
    _fact("idle_for", _DURATION, "since the last evidence of use", read_idle_for, "idle_since", column="IDLE"),
    _fact("idle_timeout", _DURATION, "its own configured idle timeout", column="TIMEOUT"),
    _fact("tags", FactType.TAGS, "its own tags over its parents'", column="TAGS"),
    _fact("owner", _TEXT, "who to ask about it", read_owner, "tags", "creator", column="OWNER"),
    _fact("kind", _TEXT, "what sort of session it is", column="KIND"),
    _fact("worker_type", _TEXT, "the size of a worker", column="WORKER"),
    _fact("dpus", _NUMBER, "its size in DPUs", column="DPUS"),
    _fact("hourly_cost", _MONEY, "estimated USD for an idle hour", read_hourly_cost, "billed_units", column="USD/H"),
    _fact("idle_cost", _MONEY, "estimated USD of idleness so far", read_idle_cost, "billed_units", "idle_since"),
)

VOCABULARY: Final[Mapping[str, FactDefinition]] = MappingProxyType({fact.name: fact for fact in _DEFINITIONS})
"""Every fact by name, in the order tables print them: what a policy may ask, and how it is worded and shown."""
