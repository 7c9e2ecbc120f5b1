"""Slack messages in Block Kit, inside every limit: digests, CloudWatch alarms, and whatever else a topic carries.

Words of strangers stand in ``plain_text`` alone, where Slack parses neither mentions nor links nor markup; what is in
``mrkdwn`` is ours, and ``verbatim``. Limits: Slack's Block Kit reference (docs.slack.dev/reference/block-kit).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from reaper.core import durations
from reaper.core.outcome import Outcome
from reaper.core.report import Mode
from reaper.core.snooze import TOLERANCE, tomorrow, zone_of
from reaper.notifiers import chat_words as chat
from reaper.notifiers import words
from reaper.wire.alarm import Alarm
from reaper.wire.codec import encode
from reaper.wire.report import Audience, Finding, Report

Block = dict[str, Any]
Message = dict[str, Any]
"""A message as Slack takes it: ``{"text": ..., "blocks": [...]}``."""

MOST_BLOCKS: Final = 50
MOST_BYTES: Final = 12_000
"""Of a message's blocks as JSON. Slack refuses more than about 13,200 characters with ``msg_blocks_too_long``, a limit that
no reference states (slackapi/bolt-js issues 2509 and 2867)."""
MOST_HEADER, MOST_VALUE = 150, 2_000

_NAME, _DETAIL, _LINE = 120, 400, 300
_LISTED: Final = 5
_RESERVE: Final = 500
"""Bytes for saying how many sessions had no room; one that has less than that left is not begun."""
_USER: Final = re.compile(r"[UW][A-Z0-9]{2,30}")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LONGEST_SPAN: Final = 30
_KEEPS: Final = (("1h", "Keep 1 h", 3600.0), ("4h", "Keep 4 h", 14_400.0))
_STOPPABLE: Final = {Outcome.WARNED.value, Outcome.SNOOZED.value}
"""Outcomes of sessions that a wish to stop them now changes anything for, where a stop is planned at all."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """For whom a message is made: the timezone of its fallbacks, and whether its buttons are listened to."""

    zone: tzinfo
    interactive: bool
    mode: Mode
    now: datetime

    def clock(self, at: datetime) -> str:
        """An instant that Slack shows in the timezone of whoever reads it; the fallback names the audience's."""
        fallback = escaped(chat.written(at, self.zone), 80)
        if not 1970 < at.year < 3000:  # noqa: PLR2004 - years that every timezone can tell
            return fallback
        return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"


def digest_message(digest: Report, *, interactive: bool, timezone: str = "UTC") -> Message:
    """The message for one digest, never too big.

    ``interactive`` says that somebody listens to buttons. ``timezone`` is for an audience without one.
    """
    audience = digest.audience
    reader = _Reader(
        zone=zone_of(audience.timezone if audience else timezone),
        interactive=interactive,
        mode=digest.mode,
        now=digest.finished_at,
    )
    mention = _mention(audience)
    blocks = list(_opening(digest, reader, mention))
    closing = [_context("\n".join(advice))] if (advice := chat.advice(digest)) else []
    shown = _fill(blocks, chat.groups(digest), reader, MOST_BYTES - _RESERVE - size([*blocks, *closing]))
    missing = chat.total(digest) - shown
    if missing > 0:
        place = digest.full_report or "the log of the sweep"
        blocks.append(_context(f"... and {missing} more: see {escaped(place, _LINE)}"))
    return {"text": f"{mention}{chat.headline(digest)}", "blocks": [*blocks, *closing]}


def alarm_message(alarm: Alarm, *, timezone: str = "UTC") -> Message:
    """The message for what CloudWatch publishes when an alarm changes its state."""
    titles = {"ALARM": "Alarm: a person should look", "OK": "Alarm is over"}
    title = f"Session Reaper: {titles.get(alarm.state, 'an alarm knows too little')}"
    told = [
        escaped(said or "", _DETAIL)
        for said in (alarm.name or "an alarm without a name", alarm.description, alarm.reason)
    ]
    where = " ".join(part for part in (alarm.account, alarm.region) if part) or "CloudWatch"
    blocks = [_header(title), _section(_plain("\n".join(line for line in told if line)))]
    blocks.append(_context(f"{escaped(where, _NAME)}{_stamp(alarm.changed_at, timezone)}"))
    return {"text": title, "blocks": blocks}


def _stamp(changed_at: str | None, timezone: str) -> str:
    """``, 2026-03-01 11:00 CET (Europe/Berlin)``; nothing for what is no instant. CloudWatch writes +0000, as ISO 8601 may."""
    try:
        at = datetime.fromisoformat((changed_at or "")[:_LONGEST_SPAN]).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return f", {chat.written(at, zone_of(timezone))}"


def other_message(subject: str, body: str) -> Message:
    """The message for anything else a topic carries: shown as it is, shortened, and harmless."""
    title = "Session Reaper: a message of another kind"
    told = [escaped(subject, _LINE), *(escaped(line, _LINE) for line in body.splitlines()[:_LISTED])]
    return {"text": title, "blocks": [_header(title), _section(_plain("\n".join(filter(None, told)) or "(empty)"))]}


def size(blocks: object) -> int:
    """Bytes of ``blocks`` as they are sent."""
    return len(encode(blocks))


def escaped(value: str, most: int) -> str:
    """A stranger's words on one line, with ``&``, ``<`` and ``>`` as entities; never over ``most`` characters."""
    parts = [_ENTITIES.get(char, char) for char in chat.plain(value, most)]
    if sum(map(len, parts)) <= most:
        return "".join(parts)
    kept, room = "", most - 3
    for part in parts:
        if len(kept) + len(part) > room:
            break
        kept += part
    return f"{kept}..."


def _opening(digest: Report, reader: _Reader, mention: str) -> Iterator[Block]:
    yield _header(chat.headline(digest))
    told = "Nothing was looked at or stopped." if digest.error else " ".join(chat.summary(digest))
    yield _section(_mrkdwn(f"{mention}{told}"))
    if digest.error:
        yield _section(_plain(escaped(digest.error, _DETAIL)))
    for title, items in (("COULD NOT BE READ", digest.blind), ("GUARDS hold back every stop of", digest.guards)):
        if items:
            rows = chat.lines(items, _LISTED, _LINE)
            yield _section(_plain("\n".join([f"{title}:", *(escaped(row, _LINE) for row in rows)])))
    if digest.notes:
        yield _section(_plain("\n".join(f"Note: {escaped(note, _LINE)}" for note in digest.notes[:_LISTED])))
    yield _context(f"Sweep of {chat.written(reader.now, reader.zone)}, run {escaped(digest.run_id, _NAME)}")


def _fill(blocks: list[Block], groups: Sequence[tuple[str, list[Finding]]], reader: _Reader, room: int) -> int:
    """Add as many sessions as fit into ``room`` bytes, each with a link; then give the first of them buttons.

    Returns how many sessions were added.
    """
    slots = MOST_BLOCKS - 2 - len(blocks)
    rows: list[tuple[Finding | None, list[Block]]] = []
    for title, findings in groups:
        # A heading without a session under it says nothing.
        heading: Block | None = _context(escaped(title, _LINE))
        for finding in findings:
            if slots <= 1 or room < _RESERVE:
                break
            block = _session(finding, reader, link=True)
            taken = [heading, block] if heading else [block]
            cost = size(taken)
            if cost > room:
                continue
            if heading:
                rows.append((None, [heading]))
                heading = None
            rows.append((finding, [block]))
            room -= cost
            slots -= len(taken)
    for position, (finding, row) in enumerate(rows):
        buttons = _buttons(finding, reader) if finding is not None else []
        if finding is None or not buttons:
            continue
        full = [_session(finding, reader, link=False), {"type": "actions", "elements": buttons}]
        extra = size(full) - size(row)
        if slots >= 1 and extra <= room:
            rows[position] = (finding, full)
            room -= extra
            slots -= 1
    for _, row in rows:
        blocks += row
    return sum(finding is not None for finding, _ in rows)


def _session(finding: Finding, reader: _Reader, *, link: bool) -> Block:
    name, id_ = words.names(finding)
    first = f"{escaped(name, _NAME)} ({escaped(id_, _NAME)})" if name else escaped(id_, _NAME)
    told = [first, escaped(chat.place(finding), _DETAIL)]
    told += [f"{word}: {escaped(said, _DETAIL)}" for word, said in chat.reasons(finding)]
    fields = [
        ("Next", chat.became(finding, reader.mode, reader.clock)),
        ("Idle", words.idleness(finding, reader.clock)),
        ("Cost", words.costs(finding)),
        ("Saved", words.saved(finding)),
    ]
    block = _section(_plain("\n".join(told)))
    block["fields"] = [_mrkdwn(f"*{word}*\n{said}") for word, said in fields if said]
    url, _ = chat.answer_link(finding)
    if link and url:
        block["accessory"] = _button("Keep it or stop it", "details", url=url)
    return block


def _buttons(finding: Finding, reader: _Reader) -> list[Block]:
    """What can be answered right here; empty where nothing can, or nobody listens."""
    url, token = chat.answer_link(finding)
    if not reader.interactive or not token or len(token) > MOST_VALUE:
        return []
    buttons = [_button(label, f"answer:{key}", value=token) for key, label in _keeps(finding, reader)]
    if reader.mode is Mode.ENFORCE and finding.due and finding.outcome in _STOPPABLE:
        stop = _button("Stop it now", "answer:stop", value=token)
        stop["style"] = "danger"
        stop["confirm"] = {
            "title": _plain("Stop this session now?"),
            "text": _plain("It is stopped as soon as possible, unless it is in use by then."),
            "confirm": _plain("Stop it"),
            "deny": _plain("Leave it"),
        }
        buttons.append(stop)
    return [*buttons, _button("Details", "details", url=url)] if buttons else []


def _keeps(finding: Finding, reader: _Reader) -> Iterator[tuple[str, str]]:
    """The snoozes that its policy still allows; where that is not all of them, the longest it does is the last."""
    limit = finding.snooze_limit
    if limit is None or limit.left < 1:
        return
    now = reader.now.timestamp()
    wanted = [*_KEEPS, ("tomorrow", "Until tomorrow 9:00", tomorrow(now, reader.zone) - now)]
    offered = [one for one in wanted if one[2] <= limit.max + TOLERANCE]
    yield from ((key, label) for key, label, _ in offered)
    if len(offered) < len(wanted) and all(abs(lasts - limit.max) > TOLERANCE for _, _, lasts in offered):
        yield "max", f"Keep {durations.format(limit.max)[:_LONGEST_SPAN]}"


def _mention(audience: Audience | None) -> str:
    """An opening mention of the person it is sent to, whose id is the owners file's; never anybody a session names."""
    if audience is None or audience.medium != "slack" or not _USER.fullmatch(audience.to):
        return ""
    return f"<@{audience.to}> "


def _header(title: str) -> Block:
    return {"type": "header", "text": _plain(title if len(title) <= MOST_HEADER else f"{title[: MOST_HEADER - 3]}...")}


def _section(content: Block) -> Block:
    return {"type": "section", "text": content}


def _context(content: str) -> Block:
    return {"type": "context", "elements": [_plain(content)]}


def _button(label: str, action: str, **more: str) -> Block:
    return {"type": "button", "text": _plain(label), "action_id": action, **more}


def _plain(content: str) -> Block:
    return {"type": "plain_text", "text": content, "emoji": False}


def _mrkdwn(content: str) -> Block:
    return {"type": "mrkdwn", "text": content, "verbatim": True}
