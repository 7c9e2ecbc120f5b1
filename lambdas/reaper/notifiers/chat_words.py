"""What every chat says of a digest around the words of :mod:`reaper.notifiers.words`: its headline, its links, its limits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Final

from reaper.core.outcome import Outcome
from reaper.core.policy.problems import one_line
from reaper.core.report import Mode
from reaper.notifiers import words
from reaper.wire.common import known_text
from reaper.wire.report import Blind, Finding, Guard, Report

_KEEP: Final = "To keep a session, use it, or tag it session-reaper/keep-until with a date, such as 2030-01-31."
_OPEN: Final = {Outcome.WARNED.value, Outcome.SNOOZED.value}
"""What happens next is all there is to say of these."""
_LONGEST_PART: Final = 80
_LONGEST_URL: Final = 3_000
"""What Slack takes for a button (Block Kit reference, "Button element"), and more than any browser minds."""
_LINK: Final = re.compile(r"https?://[A-Za-z0-9.:-]+(?:/[A-Za-z0-9._~-]+)*/s/([A-Za-z0-9_.-]+)")


def plain(value: str, most: int) -> str:
    """``value`` on one line of at most ``most`` characters, with every control and direction mark made visible."""
    line = one_line(value[: most + 1])
    return line if len(line) <= most else f"{line[: most - 3]}..."


def part(value: str) -> str:
    """One name among others."""
    return plain(value, _LONGEST_PART)


def written(at: datetime, zone: tzinfo) -> str:
    """``2026-03-01 11:45 CET (Europe/Berlin)``."""
    try:
        local = at.astimezone(zone)
    except OverflowError:
        # The first or the last day there is, which this timezone cannot tell.
        return f"{_minute(at)} UTC"
    name = str(zone)
    short = local.strftime("%Z")
    return f"{_minute(local)} {short}" + (f" ({name})" if name != short else "")


def _minute(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(" ", "minutes")


def headline(digest: Report) -> str:
    """What matters most, in our own words and in one line of at most 150 characters."""
    if digest.error:
        return "Session Reaper could not sweep"
    return f"Session Reaper: {', '.join(_counts(digest)[:4]) or 'nothing found'}"


def summary(digest: Report) -> list[str]:
    """Sentences about the whole, in our own words."""
    told = _counts(digest)
    sentences = [f"{', '.join(told)}." if told else "Nothing was found."]
    if digest.mode is Mode.REPORT:
        sentences.append("In report mode nothing is stopped.")
    return [*sentences, *words.money(digest)]


def advice(digest: Report) -> list[str]:
    """What to do, in our own words: about the sweep for the platform, about their sessions for everybody."""
    return [*words.advice(digest), *([_KEEP] if any(map(words.can_be_kept, digest.findings)) else [])]


def total(digest: Report) -> int:
    """How many findings there were before the digest was cut to fit a message."""
    return max(digest.findings_total or 0, len(digest.findings))


def groups(digest: Report) -> list[tuple[str, list[Finding]]]:
    """The findings by team, or owner, and service, each group with its title, in words of strangers."""
    return [(f"{title} ({len(members)})", members) for title, members in words.groups(words.ordered(digest), part)]


def became(finding: Finding, mode: Mode, clock: words.Clock) -> str:
    """What has become of a session and what happens next, in our own words."""
    if finding.outcome in _OPEN:
        return words.next_step(finding, mode, clock)
    return f"It {words.said_of(finding, mode)}. {words.next_step(finding, mode, clock)}".rstrip()


def answer_link(finding: Finding) -> tuple[str, str]:
    """Where to answer for the session, and the token in that URL; empty where there is nothing to answer, or no such link."""
    url = finding.links.answer if finding.links else ""
    match = _LINK.fullmatch(url) if len(url) <= _LONGEST_URL else None
    if match is None or not words.can_be_kept(finding):
        return "", ""
    return url, match[1]


def reasons(finding: Finding) -> list[tuple[str, str]]:
    """Why, and how it is known: our word for each, and the words of strangers."""
    told = [
        ("Owner", known_text(finding.facts.owner) if finding.team else ""),
        ("Why", ": ".join(part for part in (finding.policy or "", finding.detail) if part)),
        ("How we know", finding.evidence),
        ("Kept by", finding.snooze.by if finding.snooze else ""),
        ("What it is compared with", finding.avoided_basis),
    ]
    return [(word, said) for word, said in told if said]


def place(where: Finding | Blind | Guard) -> str:
    """``glue in 123456789012 eu-central-1, workgroup science``, in words of strangers."""
    named = where.ref if isinstance(where, Finding) else where
    return f"{part(named.service)} in {words.place(named, part)}"


def lines(items: Iterable[Blind | Guard], most: int, width: int) -> list[str]:
    """Up to ``most`` places with what is wrong there, in words of strangers, and how many more there are."""
    known = list(items)
    told = [
        plain(f"{place(item)}: {item.error if isinstance(item, Blind) else item.detail}", width)
        for item in known[:most]
    ]
    return [*told, *([f"and {len(known) - most} more"] if len(known) > most else [])]


def _counts(digest: Report) -> list[str]:
    return words.counts(digest.totals, words.unread(digest))
