"""Who hears of a session: an owners file maps what is known of an owner to a team, a mail address and a place in Slack.

The first entry with a pattern that fits the ``owner`` fact wins; whoever fits none has the default contact, if there is
one. The file is loaded strictly, like policies: what cannot be understood is an error, never a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reaper.core.policy import syntax
from reaper.core.policy.document import ListNode, MappingNode, Node, ScalarKind, ScalarNode
from reaper.core.policy.globs import first_of
from reaper.core.policy.model import SCHEMA_VERSION
from reaper.core.policy.parse_guards import parse_timezone
from reaper.core.policy.parse_values import any_text, strict_text
from reaper.core.policy.place import Place
from reaper.core.policy.problems import Problem, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

KNOWN: Final = ("version", "owners", "default")
ENTRY: Final = ("match", "team", "email", "slack", "timezone")
REQUIRED: Final = ("match", "team")
CONTACT: Final = ENTRY[1:]

EMAIL: Final = "[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z0-9-]{2,63}"
"""A mail address in lower case, so that no address has two spellings and gets two messages."""
SLACK: Final = "(#[a-z0-9_-]{1,80}|[CGUW][A-Z0-9]{8,20})"
"""The name of a channel, or the id of a channel (C, G) or of a user (U, W)."""
LONGEST_EMAIL: Final = 254
LONGEST_OWNER: Final = 1024
"""Characters of an owner that are still looked at; whoever is called something longer is nobody's."""

_WANTED: Final = "a mapping with version and owners"
_EMPTY: Final = f"begin it with version: {SCHEMA_VERSION} and owners: []"
_NONE: Final = "to name nobody say so: owners: []"
_EXAMPLE: Final = 'write it like {match: "*@data.example.com", team: data, email: data@example.com}'


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to tell, and where. What is empty is not known; an empty ``timezone`` means the deployment's."""

    team: str
    email: str = ""
    slack: str = ""
    """``#data``, or the id of a channel or a user."""
    timezone: str = ""

    def destinations(self) -> tuple[str, ...]:
        """``email:data@example.com``, ``slack:#data``: each gets one digest."""
        found = (("email", self.email), ("slack", self.slack))
        return tuple(f"{medium}:{to}" for medium, to in found if to)


@dataclass(frozen=True, slots=True)
class Owners:
    """One entry: whose owner fits one of the patterns is ``contact``'s."""

    match: tuple[str, ...]
    contact: Contact


@dataclass(frozen=True, slots=True)
class OwnersBook:
    """All entries, in order, and who hears of what nobody else owns."""

    entries: tuple[Owners, ...] = ()
    default: Contact | None = None
    _first: Callable[[str], int | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile all patterns as one, so that many sessions are matched fast."""
        object.__setattr__(self, "_first", first_of([entry.match for entry in self.entries]))

    def __bool__(self) -> bool:
        """Whether it knows anybody at all."""
        return bool(self.entries or self.default)

    def contacts(self) -> tuple[Contact, ...]:
        """Everybody it names, in the order of the file, the default last."""
        return (*(entry.contact for entry in self.entries), *([self.default] if self.default else []))

    def entry_of(self, owner: str | None) -> Owners | None:
        """The first entry that ``owner`` fits, or ``None``: the default does not count."""
        if not owner or len(owner) > LONGEST_OWNER:
            return None
        index = self._first(owner)
        return None if index is None else self.entries[index]


def resolve(book: OwnersBook, owner: str | None) -> Contact | None:
    """Who hears of a session of ``owner``: the first entry that fits, else the default, if there is one."""
    entry = book.entry_of(owner)
    return entry.contact if entry else book.default


@dataclass(frozen=True, slots=True)
class LoadedOwners:
    """What a document says. ``book`` is ``None`` when there is any error; warnings alone leave it usable."""

    book: OwnersBook | None
    problems: tuple[Problem, ...] = ()


def is_owners(document: Node) -> bool:
    """Whether a document is about owners rather than policies, by its keys."""
    if not isinstance(document, MappingNode):
        return False
    keys = {key.text for key, _ in document.entries}
    return bool(keys & {"owners", "default"}) and "policies" not in keys


def load_owners(document: Node) -> LoadedOwners:
    """The owners in ``document``, and everything that is wrong with it or worth a warning. Raises nothing."""
    root = Place(document)
    book = _parse_book(root)
    if not root.failed and not root.says("owners", "default"):
        root.error("`owners` is missing", _NONE)  # told alone: where there is more, it may be a key misspelt
    failed = root.failed
    problems = sorted(root.findings, key=lambda problem: (problem.line or 0, problem.column or 0))
    return LoadedOwners(None if failed else book, tuple(problems))


def _parse_book(root: Place) -> OwnersBook | None:
    if root.is_empty:
        return root.error("nothing is written in this file, or only comments", _EMPTY)
    fields = root.fields(KNOWN, _WANTED)
    if fields is None:
        return None
    if "version" not in fields:
        root.error("`version` is missing", f"begin the file with version: {SCHEMA_VERSION}")
    elif _is_another_version(fields["version"]):
        return None
    for key in ("owners", "default"):
        if key in fields and fields[key].is_empty:
            fields.pop(key).error("nothing is written here", f"was the file cut off? {_NONE}")
    taken: dict[str, Place] = {}
    entries = _parse_entries(fields["owners"], taken) if "owners" in fields else ()
    default = _parse_contact(fields["default"], CONTACT, taken) if "default" in fields else None
    return None if entries is None else OwnersBook(entries, default)


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


def _parse_entries(place: Place, taken: dict[str, Place]) -> tuple[Owners, ...] | None:
    if isinstance(place.node, ListNode) and not place.node.items:
        return ()
    items = place.items("a list of owners", f"begin each entry with a hyphen; {_EXAMPLE}")
    if items is None:
        return None
    patterns: list[tuple[Place, str]] = []
    entries = [_parse_entry(item, patterns, taken) for item in items]
    _warn_of_hidden(patterns)
    found = tuple(entry for entry in entries if entry is not None)
    return found if len(found) == len(entries) else None


def _parse_entry(place: Place, patterns: list[tuple[Place, str]], taken: dict[str, Place]) -> Owners | None:
    contact = _parse_contact(place, ENTRY, taken)
    match = next((value for key, value in _entries(place) if key == "match"), None)
    found = None if match is None else _parse_match(match)
    patterns += found or ()
    return None if contact is None or found is None else Owners(tuple(text for _, text in found), contact)


def _parse_match(place: Place) -> list[tuple[Place, str]] | None:
    wanted = "a pattern or a list of patterns"
    items = place.items(wanted) if isinstance(place.node, ListNode) else [place]
    if items is None:
        return None
    found = [(item, _parse_pattern(item, wanted)) for item in items]
    usable = [(item, text) for item, text in found if text is not None]
    return usable if len(usable) == len(found) else None


def _parse_pattern(place: Place, wanted: str) -> str | None:
    text = any_text(place, wanted)
    if text is None:
        return None
    if not text:
        return place.error("an empty pattern matches no owner", 'write a name, or a glob: "*@data.example.com"')
    if not re.match(syntax.VALUE_START, text):
        return place.error(
            f"{quoted(text)} is no pattern: nothing is negated or compared here",
            "put the entry that is to win first, and a wider one after it",
        )
    return text


def _parse_contact(place: Place, known: Sequence[str], taken: dict[str, Place]) -> Contact | None:
    """The contact of an entry or of the default, whose destinations are added to those ``taken``."""
    fields = place.fields(known, "who to tell", hint=_EXAMPLE)
    if fields is None:
        return None
    for key in REQUIRED:
        if key in known and key not in fields:
            place.error(f"`{key}` is missing", _EXAMPLE)
    found = {key: read(fields[key]) for key, read in _READERS.items() if key in fields}
    if "team" not in found or None in found.values():
        return None
    contact = Contact(**{key: value for key, value in found.items() if value is not None})
    if not contact.destinations():
        place.warning(f"nobody is told for the team {quoted(contact.team)}", "give it an email or a slack")
    for key, destination in (("email", f"email:{contact.email}"), ("slack", f"slack:{contact.slack}")):
        if key not in found:
            continue
        if destination in taken:
            where = _where(taken[destination])
            fields[key].warning(
                f"{quoted(str(found[key]))} is told already{where}",
                "it gets one digest of both, by the first's timezone",
            )
        taken.setdefault(destination, fields[key])
    return contact


def _parse_team(place: Place) -> str | None:
    text = strict_text(place, "the name of a team")
    if text is not None and not re.fullmatch(syntax.NAME, text):
        return place.error(
            f"{quoted(text)} is no name for a team", "write 1 to 64 letters, digits, dots, hyphens or underscores"
        )
    return text


def _parse_email(place: Place) -> str | None:
    text = strict_text(place, "a mail address")
    if text is None or (re.fullmatch(EMAIL, text) and len(text) <= LONGEST_EMAIL):
        return text
    lower = text.lower()
    hint = f"write it in lower case: {lower}" if re.fullmatch(EMAIL, lower) else "write it like data@example.com"
    return place.error(f"{quoted(text)} is no mail address", hint)


def _parse_slack(place: Place) -> str | None:
    example = 'write a channel in quotes, "#data", or the id of a channel or a user: C012AB3CD, U012AB3CD'
    if place.is_empty:
        return place.error("nothing is written here; in YAML, what follows a # is a comment", example)
    text = strict_text(place, "a Slack channel or user")
    if text is None or re.fullmatch(SLACK, text):
        return text
    for meant in (text.lower(), f"#{text.lower()}"):
        if meant.startswith("#") and re.fullmatch(SLACK, meant):
            example = f'did you mean "{meant}"?'
            break
    return place.error(f"{quoted(text)} is no Slack channel or user", example)


_READERS: Final[dict[str, Callable[[Place], str | None]]] = {
    "team": _parse_team,
    "email": _parse_email,
    "slack": _parse_slack,
    "timezone": parse_timezone,
}


def _warn_of_hidden(patterns: list[tuple[Place, str]]) -> None:
    """Warn of each pattern whose every owner an earlier one takes."""
    # A pattern read as a text is taken by every pattern that is at least as wide: only `*` may stand for a `*`.
    first = first_of([(text,) for _, text in patterns], of_globs=True)
    for index, (place, text) in enumerate(patterns):
        earlier = first(text)
        if earlier is not None and earlier < index:
            before, wider = patterns[earlier]
            place.warning(
                f"{quoted(text)} never matches: {quoted(wider)}{_where(before)} takes all of it",
                "put it before that one",
            )


def _entries(place: Place) -> Iterator[tuple[str, Place]]:
    """The first value of each key of a mapping, with no findings: those are the contact's."""
    if isinstance(place.node, MappingNode):
        for key, value in place.node.entries:
            yield key.text, Place(value, f"{place.path}.{key.text}", key, place.findings)


def _where(place: Place) -> str:
    return f" on line {place.node.line}" if place.node.line is not None else f" at {place.path}"
