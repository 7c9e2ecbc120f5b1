"""What each audience is told of a sweep: one digest per destination, and whether it says anything new.

A digest is a report cut to its audience: the platform's has everything, an owner's has the findings of that owner and nothing
of what could not be read. All of it is the public JSON of a report, and is read by every medium alike.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

from reaper.core.outcome import RANK, Outcome, costs, is_answerable
from reaper.core.owners import Contact, OwnersBook, resolve
from reaper.notifiers.severity import is_quiet

Json = Mapping[str, Any]
Answering = Callable[[Json, str], str]
"""The URL of the page that answers for a session (its ref), for whom it is sent to; "" where there is none."""

PLATFORM: Final = "platform"
"""The audience of the whole report: its key, its medium, and to whom its links are made out."""

_KEPT: Final = ("schema_version", "run_id", "mode", "started_at", "finished_at")
"""What an owner's digest has of the report as it is."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Names what a digest tells, so that nobody is told the same twice. Either part is empty where there is nothing."""

    findings: str = ""
    troubles: str = ""

    def __str__(self) -> str:
        """One short text for :meth:`parse`."""
        return f"1:{self.findings}:{self.troubles}"

    @staticmethod
    def parse(text: str) -> Fingerprint | None:
        """What ``str()`` made the text of; ``None`` for any other text, which is as if nothing had been told."""
        version, *parts = text.split(":")
        if version != "1" or len(parts) != 2:  # noqa: PLR2004 - findings and troubles
            return None
        return Fingerprint(*parts)


def annotate(report: Json, book: OwnersBook) -> dict[str, Any]:
    """``report`` with the ``team`` of each finding that has one, and ``owners``: how many are known to the book.

    ``owners`` counts every finding but the confirmed ones, whose stop was counted before; ``unresolved`` are those that no
    entry fits, whether or not a default contact hears of them. A book that names nobody leaves the report as it is.
    """
    if not book:
        return dict(report)
    findings: list[Json] = []
    counts = {"resolved": 0, "unresolved": 0}
    entry_of = cache(book.entry_of)
    for finding in report["findings"]:
        entry = entry_of(_owner(finding))
        contact = entry.contact if entry else book.default
        if finding["outcome"] != Outcome.CONFIRMED:
            counts["resolved" if entry else "unresolved"] += 1
        findings.append({**finding, "team": contact.team} if contact else finding)
    return {**report, "findings": findings, "owners": counts}


def digests(
    report: Json, book: OwnersBook, *, timezone: str, told_already: frozenset[str], link: Answering | None = None
) -> list[dict[str, Any]]:
    """A digest for each audience: first the platform's, then one for each destination in ``book`` with a finding.

    ``timezone`` is the deployment's, for readers with none of their own. A destination in ``told_already``
    (``email:ops@example.com``) gets the whole report by another way, and so no digest. ``link`` makes the page that answers
    for a session. An audience that only hears of what nobody else owns is marked ``"default": true``. The result does not
    depend on the order of the findings, but for that of the findings in each digest.
    """
    whole = annotate(report, book)
    linked = _Linked(link)
    taken = frozenset(map(_spelt, told_already))
    audiences = {one.key: one for one in _audiences(book, timezone) if _spelt(one.key) not in taken}
    own: dict[str, list[Json]] = {}
    contact_of = cache(partial(resolve, book))
    if audiences:
        for finding in whole["findings"]:
            contact = contact_of(_owner(finding))
            for destination in contact.destinations() if contact else ():
                own.setdefault(destination, []).append(finding)
    platform = _Audience(PLATFORM, PLATFORM, PLATFORM, timezone)
    every = {
        **whole,
        "findings": linked.all(whole["findings"], PLATFORM),
        "audience": platform.as_json(whole["findings"]),
    }
    return [
        every,
        *(
            _digest(whole, audiences[key], linked.all(own[key], audiences[key].to))
            for key in sorted(own.keys() & audiences)
        ),
    ]


def fingerprint(digest: Json) -> Fingerprint:
    """Names what ``digest`` tells: its news, and apart from that the troubles of the sweep.

    News are findings that were not told before and concern somebody (severity above ``info``): each by session, outcome,
    policy, and when it is due or was snoozed. Troubles are scopes that could not be read and guards by their place,
    whatever the words; what kept the sweep from judging; and notes. The order of nothing matters.
    """
    news = [
        [finding["ref"], finding["outcome"], finding.get("policy"), finding.get("due"), _snoozed_at(finding)]
        for finding in digest["findings"]
        if _is_news(finding)
    ]
    troubles = [
        *(["blind", *_place(blind)] for blind in digest["blind"]),
        *(["guard", *_place(guard)] for guard in digest.get("guards", ())),
        *(["note", note] for note in digest.get("notes", ())),
        *([["error", digest["error"]]] if "error" in digest else []),
    ]
    return Fingerprint(_hash(news), _hash(troubles))


def worth_telling(digest: Json, before: Fingerprint | None) -> bool:
    """Whether ``digest`` says anything that its audience was not told with the digest that ``before`` names.

    ``before`` names what it was told last, with the troubles of the last sweep even if that was not worth telling: one that
    went away and came back is news.
    """
    now = fingerprint(digest)
    old = before or Fingerprint()
    return bool(now.findings and now.findings != old.findings) or bool(now.troubles and now.troubles != old.troubles)


@dataclass(frozen=True, slots=True)
class _Audience:
    """Who reads a digest, and where."""

    key: str
    medium: str
    to: str
    timezone: str
    is_default: bool = False

    def as_json(self, findings: Iterable[Json]) -> dict[str, Any]:
        teams = sorted({finding["team"] for finding in findings if "team" in finding})
        told = {"key": self.key, "medium": self.medium, "to": self.to, "teams": teams, "timezone": self.timezone}
        return {**told, "default": True} if self.is_default else told


class _Linked:
    """Findings with the page that answers for them, where there is one."""

    def __init__(self, link: Answering | None) -> None:
        self._link = link

    def all(self, findings: Iterable[Json], to: str) -> list[Json]:
        return [self._one(finding, to) for finding in findings]

    def _one(self, finding: Json, to: str) -> Json:
        if self._link is None or finding.get("verdict") != "stop" or not is_answerable(finding["outcome"]):
            return finding
        url = self._link(finding["ref"], to)
        return {**finding, "links": {"answer": url}} if url else finding


def _audiences(book: OwnersBook, timezone: str) -> Iterable[_Audience]:
    """Everybody the book names, by destination; of those who share one, the first says in which timezone it reads."""
    found: dict[str, Contact] = {}
    for contact in book.contacts():
        for destination in contact.destinations():
            found.setdefault(destination, contact)
    for key, contact in found.items():
        medium, _, to = key.partition(":")
        yield _Audience(key, medium, to, contact.timezone or timezone, is_default=contact is book.default)


def _digest(report: Json, audience: _Audience, findings: list[Json]) -> dict[str, Any]:
    counts = Counter(finding["outcome"] for finding in findings)
    over = sum(count for outcome, count in counts.items() if (known := Outcome.read(outcome)) and known.row.ended)
    return {
        **{key: report[key] for key in _KEPT if key in report},
        "sessions": {"seen": len(findings), "live": len(findings) - over},
        "findings": findings,
        "blind": [],
        "totals": {outcome: counts[outcome] for outcome in sorted(counts, key=_order)},
        "idle_cost": _sum(finding["facts"].get("idle_cost") for finding in findings if costs(finding["outcome"])),
        **(
            {"avoided_cost": _sum(finding.get("avoided_cost") for finding in findings)}
            if any("avoided_cost" in finding for finding in findings)
            else {}
        ),
        "api_calls": {},
        "audience": audience.as_json(findings),
    }


def _order(outcome: str) -> tuple[int, str]:
    return (RANK.get(outcome, len(RANK)), outcome)


def _sum(amounts: Iterable[object]) -> float:
    return round(sum(amount for amount in amounts if isinstance(amount, int | float)), 2)


def _owner(finding: Json) -> str | None:
    owner = finding["facts"].get("owner")
    return owner if isinstance(owner, str) else None


def _is_news(finding: Json) -> bool:
    return finding.get("news", True) is not False and not is_quiet(finding["outcome"])


def _snoozed_at(finding: Json) -> object:
    snooze = finding.get("snooze")
    return snooze.get("at") if isinstance(snooze, Mapping) else None


def _place(where: Json) -> list[object]:
    return [where["service"], where["account"], where["region"], where.get("scope") or {}]


def _hash(parts: Iterable[object]) -> str:
    """Names ``parts`` in any order, each once; nothing where there are none."""
    told = sorted({json.dumps(part, sort_keys=True) for part in parts})
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32] if told else ""


def _spelt(destination: str) -> str:
    """An address has no upper case in a book; where the whole report goes, it may."""
    return destination.lower() if destination.startswith("email:") else destination
