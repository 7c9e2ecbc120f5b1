"""What all pages are made with: elements that escape whatever they hold, foreign text kept apart, and the page around them.

Pages are trees of :mod:`xml.etree.ElementTree`, never text put together: what strangers wrote (names, tags, owners) can be
text of an element or the value of an attribute, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from reaper.core.policy.problems import one_line
from reaper.core.snooze import zone_of
from reaper.pages.style import STYLE

Element = ET.Element
Child = ET.Element | str | None

SHOWN: Final = 200
"""Characters of foreign text that are shown; the rest is left out, with an ellipsis."""
_NO_TIME: Final = (ValueError, OverflowError, OSError)
_SUBSTITUTES: Final = {ord("\r"): "\n", 0: "\N{REPLACEMENT CHARACTER}"}

_MARK: Final = "M21 12a9 9 0 1 1-9-9M12 7.5V12l3.2 2"
_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%230a8f86'"
    f" stroke-width='2.4' stroke-linecap='round'%3E%3Cpath d='{_MARK}'/%3E%3C/svg%3E"
)


def element(tag: str, attributes: Mapping[str, str] | None = None, *children: Child) -> Element:
    """``<tag attributes>children</tag>``; texts among the children are escaped, ``None`` is left out.

    ``tag`` and the names of attributes have to be ours; for values and texts written by strangers see :func:`foreign`.
    """
    made = ET.Element(tag, {name: _sound(value) for name, value in (attributes or {}).items()})
    latest: Element | None = None
    for child in children:
        if isinstance(child, str):
            if latest is None:
                made.text = (made.text or "") + _sound(child)
            else:
                latest.tail = (latest.tail or "") + _sound(child)
        elif child is not None:
            made.append(child)
            latest = child
    return made


def foreign(text: str, *, shown: int = SHOWN, tag: str = "bdi") -> Element:
    """Text that a stranger wrote: on one line, at most ``shown`` characters of it, and in a direction of its own.

    Control characters, line ends and marks that turn the reading direction are shown as escapes.
    """
    short = text if len(text) <= shown else f"{text[: shown - 1]}…"
    return element(tag, {"dir": "auto"} if tag != "bdi" else None, one_line(short))


def moment(at: float | None, timezone: str) -> Element:
    """``Sun 1 Mar 2026, 11:00 (Europe/Berlin)``, machine-readable too. Takes epoch seconds."""
    words = spoken(at, timezone)
    try:
        stamp = datetime.fromtimestamp(at if at is not None else float("nan"), UTC)
    except _NO_TIME:
        return element("span", None, words)
    return element("time", {"datetime": stamp.strftime("%Y-%m-%dT%H:%M:%SZ")}, words)


def spoken(at: float | None, timezone: str) -> str:
    """The same as text; ``at an unknown time`` for what is no moment of the calendar."""
    zone = zone_of(timezone)
    try:
        local = datetime.fromtimestamp(at if at is not None else float("nan"), zone)
    except _NO_TIME:
        return "at an unknown time"
    named = getattr(zone, "key", "UTC")
    return f"{local:%a} {local.day} {local:%b} {local.year}, {local:%H:%M} ({named})"


def dollars(amount: float) -> str:
    """``$1,234.50``; ``less than $0.01`` for what is not quite nothing."""
    if 0 < amount < 0.01:  # noqa: PLR2004 - a cent
        return "less than $0.01"
    return f"${amount:,.2f}"


def lasting(seconds: float) -> str:
    """``8 hours``, ``1 minute``, ``2 h 15 min``, to the whole minute below, days the largest unit."""
    rest, parts = max(0, int(seconds)) // 60, list[tuple[int, str, str]]()
    for size, word, short in ((1440, "day", "d"), (60, "hour", "h"), (1, "minute", "min")):
        count, rest = divmod(rest, size)
        if count:
            parts.append((count, word, short))
    if len(parts) > 1:
        return " ".join(f"{count}\N{NO-BREAK SPACE}{short}" for count, _, short in parts)
    count, word, _ = parts[0] if parts else (0, "minute", "")
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def document(title: str, body: Iterable[Element], style: str = STYLE) -> str:
    """A whole HTML page: ``body`` below the masthead, in the one ``main`` there is. No script, nothing from elsewhere.

    ``body`` holds the one ``h1``. A last ``footer`` in it is put below ``main``, where assistive software looks for it.
    """
    parts = list(body)
    footer = parts.pop() if parts and parts[-1].tag == "footer" else None
    page = element(
        "html",
        {"lang": "en"},
        element(
            "head",
            None,
            element("meta", {"charset": "utf-8"}),
            element("title", None, one_line(title[:SHOWN])),
            element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
            element("meta", {"name": "color-scheme", "content": "light dark"}),
            element("meta", {"name": "robots", "content": "noindex, nofollow"}),
            element("meta", {"name": "referrer", "content": "no-referrer"}),
            element("meta", {"name": "format-detection", "content": "telephone=no"}),
            element("link", {"rel": "icon", "href": _ICON}),
            _style_element(style),
        ),
        element("body", None, _masthead(), element("main", {"class": "shell"}, *parts), _shell(footer)),
    )
    return "<!DOCTYPE html>\n" + ET.tostring(page, encoding="unicode", method="html") + "\n"


def style_source(style: str = STYLE) -> str:
    """What a Content-Security-Policy's ``style-src`` has to name for the page to be styled by ``style``, and nothing else."""
    digest = hashlib.sha256(_checked(style).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _style_element(style: str) -> Element:
    made = ET.Element("style")
    made.text = _checked(style)
    return made


def _checked(style: str) -> str:
    if "<" in style:
        # Stylesheets are not escaped in HTML; ours never hold what could end one.
        raise ValueError("a stylesheet may not hold <")
    return style


def _masthead() -> Element:
    drawing = {"viewBox": "0 0 24 24", "fill": "none", "stroke": "currentColor", "stroke-width": "2.4"}
    mark = element(
        "svg",
        {**drawing, "stroke-linecap": "round", "aria-hidden": "true", "focusable": "false"},
        element("path", {"d": _MARK}),
    )
    return element("header", {"class": "masthead shell"}, mark, element("span", None, "Session Reaper"))


def _shell(footer: Element | None) -> Element | None:
    if footer is not None:
        footer.set("class", "shell")
    return footer


def _sound(text: str) -> str:
    """``text`` without what no HTML document may hold: halves of surrogate pairs, and NUL."""
    return text.translate(_SUBSTITUTES).encode("utf-8", "replace").decode()
