"""What chats say of a digest, whichever chat it is: our own words apart from those of strangers, which a medium escapes.

A digest is the public report filtered to one audience, as JSON. Nothing in it is trusted, not even its shape: what is not
what it should be is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, cast

from reaper.core import durations
from reaper.core.outcome import Outcome, in_urgency, is_answerable
from reaper.core.policy.problems import one_line
from reaper.notifiers.words import ADVICE_BLIND
from reaper.notifiers.words import advice as advice_of

Json = Mapping[str, Any]
Clock = Callable[[float], str]
"""How a medium writes an instant, given as epoch seconds."""

COUNTED: Final[Mapping[str, str]] = {outcome.value: outcome.row.counted for outcome in in_urgency()}
"""Each outcome as a count of it reads, those first that a person can still do something about."""

_RANKS: Final = {outcome: rank for rank, outcome in enumerate(COUNTED)}
_KEEP: Final = "To keep a session, use it, or tag it session-reaper/keep-until with a date, such as 2030-01-31."
_LONGEST_PART: Final = 80
_LONGEST_URL: Final = 3_000
"""What Slack takes for a button (Block Kit reference, "Button element"), and more than any browser minds."""
_LINK: Final = re.compile(r"https?://[A-Za-z0-9.:-]+(?:/[A-Za-z0-9._~-]+)*/s/([A-Za-z0-9_.-]+)")


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one owner in one service. ``title`` has words of strangers."""

    title: str
    findings: tuple[Json, ...]


def mapping(value: object) -> Json:
    """``value`` if it is an object, else an empty one."""
    return cast("Json", value) if isinstance(value, Mapping) else {}


def listing(value: object) -> list[Json]:
    """The objects in ``value``, if it is a list."""
    return [mapping(one) for one in cast("list[object]", value) if isinstance(one, Mapping)] if _is_list(value) else []


def text(value: object) -> str:
    """``value`` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """``value`` if it is a finite number of a sensible size."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -1e15 < value < 1e15 and math.isfinite(value) else None  # noqa: PLR2004 - exact in a double


def instant(value: object) -> float | None:
    """Epoch seconds of an RFC 3339 text between 1971 and 2999, which every timezone can express."""
    try:
        moment = datetime.fromisoformat(text(value)[:_LONGEST_PART]).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.timestamp() if 1970 < moment.year < 3000 else None  # noqa: PLR2004 - years


def plain(value: object, most: int) -> str:
    """``value`` on one line of at most ``most`` characters, with every control and direction mark made visible."""
    given = str(value) if not isinstance(value, str) else value
    line = one_line(given[: most + 1])
    return line if len(line) <= most else f"{line[: most - 3]}..."


def written(at: float, zone: tzinfo) -> str:
    """``2026-03-01 11:45 CET (Europe/Berlin)``."""
    local = datetime.fromtimestamp(at, zone)
    name = str(zone)
    short = local.strftime("%Z")
    return f"{local:%Y-%m-%d %H:%M} {short}" + (f" ({name})" if name != short else "")


def enforces(digest: Json) -> bool:
    """True when the sweep stops what its policies want stopped."""
    return digest.get("mode") == "enforce"


def headline(digest: Json) -> str:
    """What matters most, in our own words and in one line of at most 150 characters."""
    if "error" in digest:
        return "Session Reaper could not sweep"
    return f"Session Reaper: {', '.join(counts(digest)[:4]) or 'nothing found'}"


def counts(digest: Json) -> list[str]:
    """``1 warned``, ``3 reported``, ..., in our own words; unread scopes first."""
    totals = mapping(digest.get("totals"))
    known = [
        f"{int(count)} {COUNTED[outcome]}" for outcome in COUNTED if (count := number(totals.get(outcome)) or 0) >= 1
    ]
    strange = sum(1 for outcome in totals if outcome not in COUNTED)
    unread = total(digest, "blind")
    return [
        *([f"{unread} could not be read"] if unread else []),
        *known,
        *([f"{strange} unknown outcomes"] if strange else []),
    ]


def total(digest: Json, what: str) -> int:
    """How many ``findings`` or ``blind`` scopes there were before the document was cut to fit a message."""
    said = number(digest.get(f"{what}_total")) or 0
    return max(int(said), len(listing(digest.get(what))))


def summary(digest: Json) -> list[str]:
    """Sentences about the whole, in our own words."""
    told = counts(digest)
    sentences = [f"{', '.join(told)}." if told else "Nothing was found."]
    if digest.get("mode") == "report":
        sentences.append("In report mode nothing is stopped.")
    if (cost := number(digest.get("idle_cost"))) and cost > 0:
        sentences.append(f"Their idleness has cost about {cost:.2f} USD so far (an estimate).")
    if (saved := number(digest.get("avoided_cost"))) and saved > 0:
        sentences.append(f"Stopping has avoided about {saved:.2f} USD (an estimate).")
    return sentences


def advice(digest: Json) -> list[str]:
    """What to do, in our own words: about the sweep for the platform, about their sessions for everybody."""
    outcomes = {text(finding.get("outcome")) for finding in listing(digest.get("findings"))}
    said: list[str] = []
    if text(mapping(digest.get("audience")).get("medium")) in {"", "platform"}:
        said += [ADVICE_BLIND] if total(digest, "blind") else []
        said += advice_of(outcomes, "enforce" if enforces(digest) else "report")
    return [*said, _KEEP] if any(map(is_answerable, outcomes)) else said


def groups(digest: Json) -> list[Group]:
    """The findings by team, owner and service: news and what a person can still act on first."""
    found: dict[tuple[str, str, str], list[Json]] = {}
    for finding in sorted(listing(digest.get("findings")), key=_urgency):
        ref, facts = mapping(finding.get("ref")), mapping(finding.get("facts"))
        key = (text(finding.get("team")), text(facts.get("owner")), text(ref.get("service")))
        found.setdefault(key, []).append(finding)
    return [
        Group(_title(team, owner, service, len(members)), tuple(members))
        for (team, owner, service), members in found.items()
    ]


def names(finding: Json) -> tuple[str, str]:
    """The session's name and id, in words of strangers; the name is empty where it has none of its own."""
    id_ = str(mapping(finding.get("ref")).get("id", ""))
    name = text(mapping(finding.get("facts")).get("name"))
    return (name if name != id_ else ""), id_


def answer_link(finding: Json) -> tuple[str, str]:
    """Where to answer for the session, and the token in that URL; empty where there is nothing to answer, or no such link."""
    url = text(mapping(finding.get("links")).get("answer"))
    match = _LINK.fullmatch(url) if len(url) <= _LONGEST_URL else None
    if match is None or not is_answerable(text(finding.get("outcome"))):
        return "", ""
    return url, match[1]


def place(ref: Json) -> str:
    """``glue in 123456789012 eu-central-1, workgroup science``, in words of strangers."""
    scope = mapping(ref.get("scope"))
    parts = [f"{plain(part, _LONGEST_PART)} {plain(value, _LONGEST_PART)}" for part, value in list(scope.items())[:4]]
    service, account, region = (plain(ref.get(part, "?"), _LONGEST_PART) for part in ("service", "account", "region"))
    return ", ".join([f"{service} in {account} {region}", *parts])


def sequel(finding: Json, *, enforce: bool, clock: Clock) -> str:
    """What happens next, and when, in our own words."""
    outcome = text(finding.get("outcome"))
    due = instant(finding.get("due"))
    if outcome == Outcome.WARNED.value:
        if due is None:
            return "Nothing yet: this is a warning, and no stop is planned."
        if not enforce:
            return f"It would be stopped from {clock(due)} on; in report mode nothing is."
        return f"It is stopped from {clock(due)} on, unless it is used or kept."
    if outcome == Outcome.WOULD_STOP.value:
        return f"It would be stopped; {'its policy only says so' if enforce else 'in report mode nothing is'}."
    if outcome == Outcome.SNOOZED.value:
        until = instant(mapping(finding.get("snooze")).get("until"))
        until = due if until is None else until
        return f"It is kept until {clock(until)}, then judged anew." if until is not None else "It is kept for now."
    if outcome == Outcome.STOPPED.value:
        saved = number(finding.get("avoided_cost"))
        return f"It was stopped, which avoids about {saved:.2f} USD (an estimate)." if saved else "It was stopped."
    known = Outcome.read(outcome)
    if known is None:
        return "This release does not know what became of it: read the log."
    return f"It {known.row.one}. {known.row.next}".rstrip()


def idleness(finding: Json, clock: Clock) -> str:
    """Since when it has been idle, in our own words; empty where that is not known."""
    since = instant(finding.get("idle_since"))
    lasted = number(mapping(finding.get("facts")).get("idle_for"))
    span = durations.format(lasted) if lasted is not None and lasted > 0 else ""
    if since is not None:
        return f"since {clock(since)}{f' ({span})' if span else ''}"
    return f"for {span}" if span else ""


def costs(finding: Json) -> str:
    """What it costs an hour and has cost idle, in our own words; empty where that is not known."""
    facts = mapping(finding.get("facts"))
    hourly, idle = number(facts.get("hourly_cost")), number(facts.get("idle_cost"))
    parts = [f"about {hourly:.2f} USD an hour"] if hourly is not None and hourly > 0 else []
    parts += [f"about {idle:.2f} USD idle so far"] if idle is not None and idle > 0 else []
    return ", ".join(parts)


def reasons(finding: Json) -> list[tuple[str, str]]:
    """Why, and how it is known: our word for each, and the words of strangers."""
    policy, detail = text(finding.get("policy")), text(finding.get("detail"))
    snooze = mapping(finding.get("snooze"))
    told = [
        ("Why", ": ".join(part for part in (policy, detail) if part)),
        ("How we know", text(finding.get("evidence"))),
        ("Kept by", text(snooze.get("by"))),
        ("What it is compared with", text(finding.get("avoided_basis"))),
    ]
    return [(word, said) for word, said in told if said]


def lines(items: Iterable[Json], said: str, most: int, width: int) -> list[str]:
    """Up to ``most`` scopes with what is ``said`` of each, in words of strangers, and how many more there are."""
    known = list(items)
    told = [plain(f"{place(item)}: {plain(item.get(said, ''), width)}", width) for item in known[:most]]
    return [*told, *([f"and {len(known) - most} more"] if len(known) > most else [])]


def _title(team: str, owner: str, service: str, count: int) -> str:
    who = [f"team {plain(team, _LONGEST_PART)}"] if team else []
    who += [plain(owner, _LONGEST_PART)] if owner else []
    return f"{', '.join(who) or 'no owner'}: {plain(service, _LONGEST_PART)} ({count})"


def _urgency(finding: Json) -> tuple[bool, int, float]:
    due = instant(finding.get("due"))
    rank = _RANKS.get(text(finding.get("outcome")), -1)
    return finding.get("news") is False, rank, math.inf if due is None else due


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)
