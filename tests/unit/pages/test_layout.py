from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.pages.layout import document, dollars, element, foreign, lasting, moment, spoken, style_source
from reaper.pages.style import STYLE

NOON = 1772366400.0  # 2026-03-01T12:00:00Z


class Reader(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_a_text_or_an_attribute_holds_it_makes_no_element(text, value):
    html = document(text, [element("p", {"title": value}, text, foreign(text), text)])

    plain = Reader(document("t", [element("p", {"title": "v"}, "w", foreign("w"), "w")]))
    read = Reader(html)
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in plain.elements]
    assert [set(attributes) for _, attributes in read.elements] == [set(attributes) for _, attributes in plain.elements]


def test_foreign_text_is_short_on_one_line_and_turns_no_direction():
    shown = foreign("a\u202eb\r\nc\u200f\x1b[31m" + "x" * 10_000)

    assert shown.tag == "bdi"
    assert shown.text is not None
    assert shown.text.startswith("a\\u202eb\\r\\nc\\u200f\\x1b[31mxxx")
    assert shown.text.endswith("…")
    assert len(shown.text) < 230


def test_halves_of_characters_do_not_break_the_page():
    document("\ud800", [element("p", {"title": "\udfff"}, "\x00\ud800", foreign("\ud800"))]).encode()


def test_a_child_that_is_none_is_left_out_and_texts_stay_in_order():
    made = element("p", None, "a", None, element("b", None, "c"), "d", None, "e")

    assert (made.text, made[0].text, made[0].tail, len(made)) == ("a", "c", "de", 1)


def test_a_page_is_whole_and_loads_nothing():
    html = document("Title", [element("h1", None, "One"), element("footer", None, "last")])
    read = Reader(html)
    tags = [tag for tag, _ in read.elements]

    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert (tags.count("h1"), tags.count("main"), tags.count("header"), tags.count("footer")) == (1, 1, 1, 1)
    assert "script" not in tags
    assert html.index("</main>") < html.index("<footer")
    links = [attributes["href"] for tag, attributes in read.elements if tag == "link"]
    assert [str(link)[:19] for link in links] == ["data:image/svg+xml,"]
    assert not any("src" in attributes or "style" in attributes for _, attributes in read.elements)


def test_the_policy_names_the_very_stylesheet_that_is_in_the_page():
    [style] = re.findall("<style>(.*?)</style>", document("t", []), re.DOTALL)

    assert style == STYLE
    assert style_source() == f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"


def test_a_stylesheet_cannot_end_itself():
    for made in (style_source, lambda style: document("t", [], style)):
        with pytest.raises(ValueError, match="may not hold <"):
            made("</style>")


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Berlin", "Sun 1 Mar 2026, 13:00 (Europe/Berlin)"),
        ("Asia/Kolkata", "Sun 1 Mar 2026, 17:30 (Asia/Kolkata)"),
        ("UTC", "Sun 1 Mar 2026, 12:00 (UTC)"),
        ("Nowhere/Land", "Sun 1 Mar 2026, 12:00 (UTC)"),
        ("../../etc/passwd", "Sun 1 Mar 2026, 12:00 (UTC)"),
        ("", "Sun 1 Mar 2026, 12:00 (UTC)"),
    ],
)
def test_a_moment_is_told_where_the_reader_lives_with_the_zone_named(zone, words):
    told = moment(NOON, zone)

    assert (told.text, told.get("datetime")) == (words, "2026-03-01T12:00:00Z")


@pytest.mark.parametrize("at", [None, float("nan"), float("inf"), -1e20, 1e20])
def test_what_is_no_moment_is_not_called_one(at):
    assert spoken(at, "UTC") == "at an unknown time"
    assert moment(at, "UTC").tag == "span"


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0.0, "$0.00"), (0.004, "less than $0.01"), (2.2, "$2.20"), (1234.5, "$1,234.50")],
)
def test_dollars(amount, words):
    assert dollars(amount) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 minutes"),
        (59, "0 minutes"),
        (60, "1 minute"),
        (3600, "1 hour"),
        (28_800, "8 hours"),
        (8100, "2\N{NO-BREAK SPACE}h 15\N{NO-BREAK SPACE}min"),
        (90_060, "1\N{NO-BREAK SPACE}d 1\N{NO-BREAK SPACE}h 1\N{NO-BREAK SPACE}min"),
        (-5, "0 minutes"),
    ],
)
def test_how_long(seconds, words):
    assert lasting(seconds) == words
