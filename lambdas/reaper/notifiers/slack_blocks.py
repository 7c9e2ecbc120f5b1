"""Slack messages in Block Kit, inside every limit: digests, CloudWatch alarms, and whatever else a topic carries.

Words of strangers stand in ``plain_text`` alone, where Slack parses neither mentions nor links nor markup; what is in
``mrkdwn`` is ours, and ``verbatim``. Limits: Slack's Block Kit reference (docs.slack.dev/reference/block-kit).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from reaper.core import durations
from reaper.core.snooze import TOLERANCE, tomorrow, zone_of
from reaper.notifiers import chat_words as words
from reaper.notifiers.chat_words import Json, listing, mapping, text

Block = dict[str, Any]

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
_STOPPABLE: Final = {"warned", "snoozed"}
"""Outcomes of sessions that a wish to stop them now changes anything for, where a stop is planned at all."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """For whom a message is made: the timezone of its fallbacks, and whether its buttons are listened to."""

    zone: tzinfo
    interactive: bool
    enforce: bool
    now: float | None

    def clock(self, at: float) -> str:
        """An instant that Slack shows in the timezone of whoever reads it; the fallback names the audience's."""
        return f"<!date^{int(at)}^{{date_short_pretty}} at {{time}}|{escaped(words.written(at, self.zone), 80)}>"


def digest_message(digest: Json, *, interactive: bool, timezone: str = "UTC", where: str = "") -> Json:
    """The message for one digest: ``{"text": ..., "blocks": [...]}``, never too big.

    ``interactive`` says that somebody listens to buttons. ``timezone`` is for an audience without one; ``where`` tells
    where everything can be read that has no room.
    """
    audience = mapping(digest.get("audience"))
    reader = _Reader(
        zone=zone_of(text(audience.get("timezone")) or timezone),
        interactive=interactive,
        enforce=words.enforces(digest),
        now=words.instant(digest.get("finished_at")),
    )
    mention = _mention(audience)
    blocks = list(_opening(digest, reader, mention))
    closing = [_context("\n".join(advice))] if (advice := words.advice(digest)) else []
    shown = _fill(blocks, words.groups(digest), reader, MOST_BYTES - _RESERVE - size([*blocks, *closing]))
    missing = words.total(digest, "findings") - shown
    if missing > 0:
        place = text(digest.get("full_report")) or where or "the log of the sweep"
        blocks.append(_context(f"... and {missing} more: see {escaped(place, _LINE)}"))
    return {"text": f"{mention}{words.headline(digest)}", "blocks": [*blocks, *closing]}


def alarm_message(alarm: Json, *, timezone: str = "UTC") -> Json:
    """The message for what CloudWatch publishes when an alarm changes its state."""
    titles = {"ALARM": "Alarm: a person should look", "OK": "Alarm is over"}
    title = f"Session Reaper: {titles.get(text(alarm.get('NewStateValue')), 'an alarm knows too little')}"
    told = [
        escaped(text(alarm.get("AlarmName")) or "an alarm without a name", _DETAIL),
        escaped(text(alarm.get("AlarmDescription")), _DETAIL),
        escaped(text(alarm.get("NewStateReason")), _DETAIL),
    ]
    where = [text(alarm.get("AWSAccountId")), text(alarm.get("Region"))]
    blocks = [_header(title), _section(_plain("\n".join(line for line in told if line)))]
    # CloudWatch writes +0000, which is ISO 8601 and not RFC 3339.
    at = words.instant(alarm.get("StateChangeTime"))
    stamp = f", {words.written(at, zone_of(timezone))}" if at is not None else ""
    blocks.append(_context(f"{escaped(' '.join(part for part in where if part) or 'CloudWatch', _NAME)}{stamp}"))
    return {"text": title, "blocks": blocks}


def other_message(subject: str, body: str) -> Json:
    """The message for anything else a topic carries: shown as it is, shortened, and harmless."""
    title = "Session Reaper: a message of another kind"
    told = [escaped(subject, _LINE), *(escaped(line, _LINE) for line in body.splitlines()[:_LISTED])]
    return {"text": title, "blocks": [_header(title), _section(_plain("\n".join(filter(None, told)) or "(empty)"))]}


def size(blocks: object) -> int:
    """Bytes of ``blocks`` as they are sent."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")).encode())


def escaped(value: object, most: int) -> str:
    """A stranger's words on one line, with ``&``, ``<`` and ``>`` as entities; never over ``most`` characters."""
    parts = [_ENTITIES.get(char, char) for char in words.plain(value, most)]
    if sum(map(len, parts)) <= most:
        return "".join(parts)
    kept, room = "", most - 3
    for part in parts:
        if len(kept) + len(part) > room:
            break
        kept += part
    return f"{kept}..."


def _opening(digest: Json, reader: _Reader, mention: str) -> Iterator[Block]:
    yield _header(words.headline(digest))
    told = " ".join(words.summary(digest))
    yield _section(
        _mrkdwn(f"{mention}{told}" if "error" not in digest else f"{mention}Nothing was looked at or stopped.")
    )
    if "error" in digest:
        yield _section(_plain(escaped(digest["error"], _DETAIL) or "(no reason was given)"))
    for title, name, said in (
        ("COULD NOT BE READ", "blind", "error"),
        ("GUARDS hold back every stop of", "guards", "detail"),
    ):
        if items := listing(digest.get(name)):
            rows = words.lines(items, said, _LISTED, _LINE)
            yield _section(_plain("\n".join([f"{title}:", *(escaped(row, _LINE) for row in rows)])))
    notes = digest.get("notes")
    if isinstance(notes, list) and notes:
        yield _section(_plain("\n".join(f"Note: {escaped(note, _LINE)}" for note in notes[:_LISTED])))
    if reader.now is not None:
        yield _context(
            f"Sweep of {words.written(reader.now, reader.zone)}, run {escaped(digest.get('run_id', '?'), _NAME)}"
        )


def _fill(blocks: list[Block], groups: list[words.Group], reader: _Reader, room: int) -> int:
    """Add as many sessions as fit into ``room`` bytes, each with a link; then give the first of them buttons.

    Returns how many sessions were added.
    """
    slots = MOST_BLOCKS - 2 - len(blocks)
    rows: list[tuple[Json | None, list[Block]]] = []
    for group in groups:
        # A heading without a session under it says nothing.
        heading: Block | None = _context(escaped(group.title, _LINE))
        for finding in group.findings:
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


def _session(finding: Json, reader: _Reader, *, link: bool) -> Block:
    name, id_ = words.names(finding)
    first = f"{escaped(name, _NAME)} ({escaped(id_, _NAME)})" if name else escaped(id_, _NAME) or "(no name)"
    told = [first, escaped(words.place(mapping(finding.get("ref"))), _DETAIL)]
    told += [f"{word}: {escaped(said, _DETAIL)}" for word, said in words.reasons(finding)]
    fields = [
        ("Next", words.sequel(finding, enforce=reader.enforce, clock=reader.clock)),
        ("Idle", words.idleness(finding, reader.clock)),
        ("Cost", words.costs(finding)),
    ]
    block = _section(_plain("\n".join(told)))
    block["fields"] = [_mrkdwn(f"*{word}*\n{said}") for word, said in fields if said]
    url, _ = words.answer_link(finding)
    if link and url:
        block["accessory"] = _button("Keep it or stop it", "details", url=url)
    return block


def _buttons(finding: Json, reader: _Reader) -> list[Block]:
    """What can be answered right here; empty where nothing can, or nobody listens."""
    url, token = words.answer_link(finding)
    if not reader.interactive or not token or len(token) > MOST_VALUE:
        return []
    buttons = [_button(label, f"answer:{key}", value=token) for key, label in _keeps(finding, reader)]
    planned = words.instant(finding.get("due")) is not None
    if reader.enforce and planned and text(finding.get("outcome")) in _STOPPABLE:
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


def _keeps(finding: Json, reader: _Reader) -> Iterator[tuple[str, str]]:
    """The snoozes that its policy still allows; where that is not all of them, the longest it does is the last."""
    limit = mapping(finding.get("snooze_limit"))
    longest, left = words.number(limit.get("max")), words.number(limit.get("left"))
    if longest is None or left is None or left < 1:
        return
    wanted = [*_KEEPS]
    if reader.now is not None:
        wanted.append(("tomorrow", "Until tomorrow 9:00", tomorrow(reader.now, reader.zone) - reader.now))
    offered = [one for one in wanted if one[2] <= longest + TOLERANCE]
    yield from ((key, label) for key, label, _ in offered)
    if len(offered) < len(wanted) and all(abs(lasts - longest) > TOLERANCE for _, _, lasts in offered):
        yield "max", f"Keep {durations.format(longest)[:_LONGEST_SPAN]}"


def _mention(audience: Mapping[str, Any]) -> str:
    """An opening mention of the person it is sent to, whose id is the owners file's; never anybody a session names."""
    to = text(audience.get("to"))
    return f"<@{to}> " if audience.get("medium") == "slack" and _USER.fullmatch(to) else ""


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
