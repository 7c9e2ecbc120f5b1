"""What each audience is told of a sweep: one digest per destination, and whether it says anything new.

A digest is a report cut to its audience: the platform's has everything, an owner's has the findings of that owner and nothing
of what could not be read. It is a report itself, and is read by every medium alike.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from msgspec.structs import replace

from reaper.core.outcome import RANK, Outcome, costs, is_answerable
from reaper.core.owners import Contact, OwnersBook, resolve
from reaper.notifiers.severity import is_quiet
from reaper.wire.codec import builtins_of
from reaper.wire.common import Place, Ref, known_number
from reaper.wire.report import Audience, Finding, Links, Owners, Report, Sessions

Answering = Callable[[Ref, str], str]
"""The URL of the page that answers for a session, for whom it is sent to; "" where there is none."""

PLATFORM: Final = "platform"
"""The audience of the whole report: its key, its medium, and to whom its links are made out."""


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


def annotate(report: Report, book: OwnersBook) -> Report:
    """``report`` with the ``team`` of each finding that has one, and ``owners``: how many are known to the book.

    ``owners`` counts every finding but the confirmed ones, whose stop was counted before; ``unresolved`` are those that no
    entry fits, whether or not a default contact hears of them. A book that names nobody leaves the report as it is.
    """
    if not book:
        return report
    findings: list[Finding] = []
    resolved = unresolved = 0
    entry_of = cache(book.entry_of)
    for finding in report.findings:
        entry = entry_of(_owner(finding))
        contact = entry.contact if entry else book.default
        if finding.outcome != Outcome.CONFIRMED:
            resolved, unresolved = (resolved + 1, unresolved) if entry else (resolved, unresolved + 1)
        findings.append(replace(finding, team=contact.team) if contact else finding)
    return replace(report, findings=tuple(findings), owners=Owners(resolved=resolved, unresolved=unresolved))


def digests(
    report: Report, book: OwnersBook, *, timezone: str, told_already: frozenset[str], link: Answering | None = None
) -> list[Report]:
    """A digest for each audience: first the platform's, then one for each destination in ``book`` with a finding.

    ``timezone`` is the deployment's, for readers with none of their own. A destination in ``told_already``
    (``email:ops@example.com``) gets the whole report by another way, and so no digest. ``link`` makes the page that answers
    for a session. An audience that only hears of what nobody else owns is marked as the default. The result does not
    depend on the order of the findings, but for that of the findings in each digest.
    """
    whole = annotate(report, book)
    taken = frozenset(map(_spelt, told_already))
    audiences = {one.key: one for one in _audiences(book, timezone) if _spelt(one.key) not in taken}
    own: dict[str, list[Finding]] = {}
    contact_of = cache(partial(resolve, book))
    if audiences:
        for finding in whole.findings:
            contact = contact_of(_owner(finding))
            for destination in contact.destinations() if contact else ():
                own.setdefault(destination, []).append(finding)
    platform = Audience(key=PLATFORM, medium=PLATFORM, to=PLATFORM, teams=_teams(whole.findings), timezone=timezone)
    every = replace(whole, findings=_linked(whole.findings, PLATFORM, link), audience=platform)
    return [every, *(_digest(whole, audiences[key], own[key], link) for key in sorted(own.keys() & audiences))]


def fingerprint(digest: Report) -> Fingerprint:
    """Names what ``digest`` tells: its news, and apart from that the troubles of the sweep.

    News are findings that were not told before and concern somebody (severity above ``info``): each by session, outcome,
    policy, and when it is due or was snoozed. Troubles are scopes that could not be read and guards by their place,
    whatever the words; what kept the sweep from judging; and notes. The order of nothing matters.
    """
    news = [
        (one.ref, one.outcome, one.policy, one.due, one.snooze.at if one.snooze else None)
        for one in digest.findings
        if one.news and not is_quiet(one.outcome)
    ]
    troubles: list[tuple[object, ...]] = [
        *(("blind", *_place(blind), blind.scope) for blind in digest.blind),
        *(("guard", *_place(guard), {}) for guard in digest.guards),
        *(("note", note) for note in digest.notes),
        *((("error", digest.error),) if digest.error else ()),
    ]
    return Fingerprint(_hash(news), _hash(troubles))


def worth_telling(digest: Report, before: Fingerprint | None) -> bool:
    """Whether ``digest`` says anything that its audience was not told with the digest that ``before`` names.

    ``before`` names what it was told last, with the troubles of the last sweep even if that was not worth telling: one that
    went away and came back is news.
    """
    now = fingerprint(digest)
    old = before or Fingerprint()
    return bool(now.findings and now.findings != old.findings) or bool(now.troubles and now.troubles != old.troubles)


def _audiences(book: OwnersBook, timezone: str) -> Iterable[Audience]:
    """Everybody the book names, by destination; of those who share one, the first says in which timezone it reads."""
    found: dict[str, Contact] = {}
    for contact in book.contacts():
        for destination in contact.destinations():
            found.setdefault(destination, contact)
    for key, contact in found.items():
        medium, _, to = key.partition(":")
        zone = contact.timezone or timezone
        yield Audience(key=key, medium=medium, to=to, teams=(), timezone=zone, default=contact is book.default)


def _digest(report: Report, audience: Audience, findings: list[Finding], link: Answering | None) -> Report:
    counts = Counter(finding.outcome for finding in findings)
    over = sum(count for outcome, count in counts.items() if (known := Outcome.read(outcome)) and known.row.ended)
    avoided = [finding.avoided_cost for finding in findings if finding.avoided_cost is not None]
    return Report(
        schema_version=report.schema_version,
        run_id=report.run_id,
        mode=report.mode,
        started_at=report.started_at,
        finished_at=report.finished_at,
        sessions=Sessions(seen=len(findings), live=len(findings) - over),
        findings=_linked(findings, audience.to, link),
        blind=(),
        totals={outcome: counts[outcome] for outcome in sorted(counts, key=_order)},
        idle_cost=round(sum(known_number(one.facts.idle_cost) or 0.0 for one in findings if costs(one.outcome)), 2),
        avoided_cost=round(sum(avoided), 2) if avoided else None,
        api_calls={},
        audience=replace(audience, teams=_teams(findings)),
    )


def _linked(findings: Iterable[Finding], to: str, link: Answering | None) -> tuple[Finding, ...]:
    """Findings with the page that answers for them, where there is one."""
    if link is None:
        return tuple(findings)

    def linked(finding: Finding) -> Finding:
        if finding.verdict != "stop" or not is_answerable(finding.outcome):
            return finding
        url = link(finding.ref, to)
        return replace(finding, links=Links(answer=url)) if url else finding

    return tuple(map(linked, findings))


def _teams(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(sorted({finding.team for finding in findings if finding.team}))


def _order(outcome: str) -> tuple[int, str]:
    return (RANK.get(outcome, len(RANK)), outcome)


def _owner(finding: Finding) -> str | None:
    owner = finding.facts.owner
    return owner if isinstance(owner, str) else None


def _place(where: Place) -> tuple[str, str, str]:
    return where.service, where.account, where.region


def _hash(parts: Iterable[object]) -> str:
    """Names ``parts`` in any order, each once; nothing where there are none. The ledger keeps it: its bytes may not change."""
    told = sorted({json.dumps(builtins_of(part), sort_keys=True) for part in parts})
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32] if told else ""


def _spelt(destination: str) -> str:
    """An address has no upper case in a book; where the whole report goes, it may."""
    return destination.lower() if destination.startswith("email:") else destination
