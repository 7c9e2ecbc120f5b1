"""The page behind a link: one session, why it is to be stopped, and the buttons to answer with. Changes nothing itself.

Works without script. What is shown comes from the ledger; what strangers wrote in it is shown as inert text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from reaper.catalog.services import specs
from reaper.core.memory import Card, Memory, Snooze
from reaper.core.outcome import Outcome
from reaper.core.snooze import Choice, choices, is_claimed, is_gone, left, zone_of
from reaper.pages.layout import Child, Element, document, dollars, element, foreign, lasting, moment

_LONG: Final = 400
_HOUR: Final = 3600.0


class Done(StrEnum):
    """What the reader has just done, as far as the ledger bears it out: it chooses words, and nothing else."""

    KEPT = "kept"
    STOP_SOON = "stop"
    STOP_LATER = "later"
    """The sweep could not be told at once: the next scheduled one stops it."""
    ENDED = "ended"
    """The snooze."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who looks, at what moment, and what to say first. Instants are epoch seconds."""

    now: float
    to: str
    """To whom the link was sent."""
    expires: float
    action: str
    """Where its forms post to: the link itself."""
    done: Done | None = None
    refused: str = ""
    """Why an answer was just not taken, in a sentence of ours."""


def session_page(memory: Memory, visit: Visit) -> str:
    """The page about one session, with the answers that its policy allows now."""
    gone = is_gone(memory)
    parts = [_overview(memory, visit.now)]
    if not gone:
        parts += _answers(memory, visit)
    notice = _notice(memory, visit)
    return document(
        f"{_called(memory)} · Session Reaper",
        [
            *([notice] if notice is not None else []),
            element("div", {"class": "card"}, *parts),
            element("section", {"class": "card", "aria-labelledby": "facts"}, *_facts(memory, visit.now)),
            _footer(memory, visit),
        ],
    )


def _called(memory: Memory) -> str:
    return _card(memory).name or memory.ref.id


def _card(memory: Memory) -> Card:
    return memory.card or Card()


def _lasting(memory: Memory, now: float) -> Snooze | None:
    return memory.snooze if memory.snooze and memory.snooze.until > now else None


def _notice(memory: Memory, visit: Visit) -> Element | None:
    """What came of the answer just given; ``None`` without one, or where the ledger knows nothing of it."""
    if visit.refused:
        return _box("Nothing was changed", visit.refused, kind="notice warn")
    zone, snooze, hurry = _card(memory).timezone, _lasting(memory, visit.now), memory.hurry
    if visit.done is Done.KEPT and snooze is not None:
        undo = "Changed your mind? You can end the snooze below."
        return _box("Kept", "It is kept until ", moment(snooze.until, zone), ". ", *_recorded(snooze, zone), undo)
    if visit.done in {Done.STOP_SOON, Done.STOP_LATER} and hurry is not None and not is_gone(memory):
        when = (
            "It will be stopped within a minute or two, if it is still not in use. "
            if visit.done is Done.STOP_SOON
            else "The next scheduled sweep will stop it, if it is still not in use. "
        )
        undo = (
            "Changed your mind? Keep it or use it before then." if left(memory) else "To prevent it, use the session."
        )
        return _box("Its stop has been asked for", when, *_recorded(hurry, zone), undo)
    if visit.done is Done.ENDED and memory.snooze is not None and snooze is None:
        return _box("The snooze has ended", "What happens next is below. ", *_recorded(memory.snooze, zone, when=False))
    return None


def _box(title: str, *words: Child, kind: str = "notice") -> Element:
    return element(
        "div", {"class": kind, "role": "status"}, element("p", None, element("strong", None, title)),
        element("p", None, *words),
    )  # fmt: skip


def _recorded(answer: object, zone: str, *, when: bool = True) -> tuple[Child, ...]:
    by, at = str(getattr(answer, "by", "")), getattr(answer, "at", None)
    told = (", ", moment(at, zone)) if when else ()
    return ("Recorded for ", foreign(by), *told, ". ")


def _overview(memory: Memory, now: float) -> Element:
    pill, kind, *words = _next(memory, now)
    spec = specs().get(memory.ref.service)
    return element(
        "section",
        {"aria-labelledby": "session"},
        element(
            "p",
            {"class": "eyebrow"},
            element("span", {"class": f"pill {kind}".strip()}, pill),
            element("span", None, spec.brand if spec else foreign(memory.ref.service), " session"),
        ),
        element("h1", {"id": "session"}, foreign(_called(memory), shown=120)),
        element("p", {"class": "lede"}, *words),
    )


def _next(memory: Memory, now: float) -> tuple[str, str, *tuple[Child, ...]]:
    """What happens next: in a word or two, how that looks, and in a sentence."""
    card, snooze = _card(memory), _lasting(memory, now)
    zone = card.timezone
    if is_gone(memory):
        return _past(memory, zone)
    if is_claimed(memory, now):
        return "Being stopped", "warn", "A sweep is about to stop it. An answer given now may still be in time."
    if memory.hurry is not None:
        asked = ("Its stop was asked for by ", foreign(memory.hurry.by), ", ", moment(memory.hurry.at, zone), ".")
        return "Stop asked for", "warn", *asked, " The next sweep stops it, if it is still not in use."
    if snooze is not None:
        after = " After that it is stopped, unless it is in use." if card.acts else " After that it is reported again."
        return (
            "Kept",
            "",
            "It is kept until ",
            moment(snooze.until, zone),
            ", asked by ",
            foreign(snooze.by),
            ".",
            after,
        )
    if not card.acts:
        return "Only reported", "quiet", "It looks unused. Nothing stops it: here, Session Reaper only reports."
    if card.due is not None and card.due > now:
        due = moment(card.due, zone)
        return (
            "To be stopped",
            "warn",
            "It looks unused, and will be stopped ",
            due,
            " unless it is used or kept before.",
        )
    return "To be stopped", "warn", "It looks unused. The next sweep stops it, unless it is used or kept before."


def _past(memory: Memory, zone: str) -> tuple[str, str, *tuple[Child, ...]]:
    if memory.stopped_at is None:
        return "Ended", "quiet", "It ended by itself, so there is nothing to answer any more."
    stopped: tuple[Child, ...] = ("Session Reaper stopped it ", moment(memory.stopped_at, zone), ". ")
    if memory.outcome is Outcome.NOT_STOPPING:
        return (
            "Stopping",
            "warn",
            *stopped,
            "Its service accepted that, and it is still there: look at it in its service.",
        )
    if memory.awaiting:
        return "Stopped", "quiet", *stopped, "The next sweep checks that it has ended. It is too late for an answer."
    return "Stopped", "quiet", *stopped, "It has ended, so it is too late for an answer."


def _answers(memory: Memory, visit: Visit) -> Iterator[Element]:
    yield _keep(memory, visit)
    if _lasting(memory, visit.now) is not None:
        yield element(
            "section",
            {"aria-labelledby": "end"},
            element("h2", {"id": "end"}, "No longer needed?"),
            element("p", {"class": "soft"}, "End the snooze, and things take their course. It still counts as one."),
            _form(memory, visit, [_button("unsnooze", "End the snooze now", kind="plain")]),
        )
    if _card(memory).acts and memory.hurry is None:
        yield element(
            "section",
            {"aria-labelledby": "stop"},
            element("h2", {"id": "stop"}, "Done with it?"),
            element(
                "p",
                {"class": "soft"},
                "It will be stopped within a minute or two, if it is still not in use. Variables and whatever else is only"
                " in its memory are lost.",
            ),
            _form(memory, visit, [_button("stop", "Stop it now", kind="danger")]),
        )


def _keep(memory: Memory, visit: Visit) -> Element:
    card, lasts = _card(memory), _lasting(memory, visit.now)
    heading = element("h2", {"id": "keep"}, "Still need it?" if lasts is None else "Need it for longer?")
    # One that would end before the snooze that lasts would only be used up.
    offered = [one for one in choices(memory, visit.now) if lasts is None or one.until > lasts.until]
    if not offered and left(memory):
        words = f"For now it is kept as long as its policy allows. Later you can keep it again, {_times(memory)}."
        return element("section", {"aria-labelledby": "keep"}, heading, element("p", {"class": "soft"}, words))
    if not offered:
        words = f"It has been kept {card.snooze_times} times" if card.snooze_times else "Its policy allows no snoozes"
        advice = (
            f"{words}, so it cannot be kept from here. Use it, or tag it ",
            element("code", None, "session-reaper/keep-until"),
            " with a date.",
        )
        return element("section", {"aria-labelledby": "keep"}, heading, element("p", None, *advice))
    longest = lasting(card.snooze_max)
    buttons = [_button(one.key, *_offer(one, visit.now, card)) for one in offered]
    return element(
        "section",
        {"aria-labelledby": "keep"},
        heading,
        element("p", {"class": "soft"}, f"Its policy lets you keep it {_times(memory)}, for at most {longest} each."),
        _form(memory, visit, buttons),
    )


def _times(memory: Memory) -> str:
    count = left(memory)
    return f"{count} more {'time' if count == 1 else 'times'}"


def _offer(choice: Choice, now: float, card: Card) -> tuple[str, str]:
    """The two lines of a button: ``Keep for 1 hour`` and ``until 13:45``, with the day where that is another."""
    zone = zone_of(card.timezone)
    ends, today = datetime.fromtimestamp(choice.until, zone), datetime.fromtimestamp(now, zone).date()
    day = "" if ends.date() == today else f"{ends:%a} {ends.day} {ends:%b}, "
    if choice.label.startswith("until"):
        return f"Keep {choice.label.partition(',')[0]}", f"{day}{ends:%H:%M}"
    label = lasting(card.snooze_max) if choice.key == "max" else choice.label
    return f"Keep for {label}", f"until {day}{ends:%H:%M}"


def _form(memory: Memory, visit: Visit, buttons: list[Element]) -> Element:
    seen = str(memory.snooze.times if memory.snooze else 0)
    layout = "buttons" if len(buttons) > 1 else "buttons single"
    return element(
        "form",
        {"method": "post", "action": visit.action},
        element("input", {"type": "hidden", "name": "seen", "value": seen}),
        element("div", {"class": layout}, *buttons),
    )


def _button(answer: str, label: str, more: str = "", *, kind: str = "") -> Element:
    attributes = {"type": "submit", "name": "answer", "value": answer} | ({"class": kind} if kind else {})
    return element("button", attributes, label, *((" ", element("small", None, more)) if more else ()))


def _facts(memory: Memory, now: float) -> Iterator[Element]:
    yield element("h2", {"id": "facts"}, "What is known")
    rows = (
        element("div", None, element("dt", None, name), element("dd", None, *value))
        for name, value in _rows(memory, now)
    )
    yield element("dl", None, *rows)


def _rows(memory: Memory, now: float) -> Iterator[tuple[str, tuple[Child, ...]]]:
    ref, card = memory.ref, _card(memory)
    zone = card.timezone
    why = element("small", None, foreign(card.detail, shown=_LONG)) if card.detail else None
    yield "Why", ("Policy ", foreign(memory.policy or "unknown"), why)
    if card.idle_since is not None:
        known = element("small", None, "Known from: ", foreign(card.evidence, shown=_LONG)) if card.evidence else None
        yield "Not used since", (moment(card.idle_since, zone), f", for {lasting(now - card.idle_since)}", known)
    elif card.evidence:
        yield "Evidence of use", (foreign(card.evidence, shown=_LONG),)
    cost = [f"{dollars(card.hourly_cost)} an hour"] if card.hourly_cost is not None else []
    cost += [f"{dollars(memory.idle_cost)} while idle so far"] if memory.idle_cost else []
    if cost:
        yield "Cost, estimated", (element("span", {"class": "figure"}, ", ".join(cost)),)
    if card.owner or card.team:
        team = element("small", None, "Team ", foreign(card.team)) if card.team else None
        yield "Owner", (foreign(card.owner) if card.owner else "unknown", team)
    if card.state:
        yield "State", (foreign(card.state),)
    taken = memory.snooze.times if memory.snooze else 0
    yield "Snoozes", (f"{taken} of {card.snooze_times} used",)
    yield "Session", (foreign(ref.id, tag="code"),)
    yield "Where", (foreign(ref.region), ", account ", foreign(ref.account), *_scope(memory))
    yield "As of", (moment(memory.last_matched, zone),)


def _scope(memory: Memory) -> Iterator[Child]:
    for key, value in memory.ref.scope:
        yield element("small", None, foreign(key), " ", foreign(value))


def _footer(memory: Memory, visit: Visit) -> Element:
    return element(
        "footer",
        None,
        element(
            "p",
            None,
            "This link was sent to ",
            foreign(visit.to or "somebody"),
            " and works until ",
            moment(visit.expires, _card(memory).timezone),
            ". Whoever has it can answer; opening it changes nothing. An answer is recorded with that name and the time.",
        ),
    )
