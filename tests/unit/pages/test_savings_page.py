"""The money page: what it says, that it holds no script, and that hostile texts are text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from reaper.core.savings import Savings
from reaper.core.tally import Tally, savings_of
from reaper.pages.charts import MOST_NAMED, figure, series_of, short_dollars
from reaper.pages.layout import Element
from reaper.pages.savings import page
from reaper.pages.savings_text import subject, text
from tests.support.archived import HOUR, MONDAY, Json, finding, past, report

WEEK = 7 * 24 * HOUR
HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(2)>\u202e&amp;\x00\x1b[31m"
SNOOZE = {"until": "2027-03-01T18:00:00Z", "by": "ana@example.com", "at": "2027-03-01T09:30:00Z", "times": 1}
BLIND = {"service": "athena", "account": "1", "region": "eu-central-1", "scope": {}, "error": "denied"}


class Elements(HTMLParser):
    """The elements a browser would make, their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def saved(*reports: Json, days: float = 56) -> Savings:
    return savings_of(past(*reports), MONDAY, MONDAY + days * 24 * HOUR - 1)


def shown(savings: Savings) -> Elements:
    return Elements(page(savings, made_at=MONDAY + 10 * WEEK))


def some(**more: Any) -> Savings:
    return saved(
        report(MONDAY + 10 * HOUR, finding("a"), finding("b", "stopped", timeout=11 * HOUR)),
        report(MONDAY + 200 * HOUR, finding("c", team="web", idle=3 * HOUR, **more), blind=[BLIND]),
    )


def test_the_headline_tells_costs_stops_and_what_was_not_seen() -> None:
    """Two sessions for one hour and one for three at 2 USD; ten hours were left of a timeout."""
    read = shown(some()).text
    assert "$10.00" in read
    assert "$20.00" in read
    assert "place that could not be read, and still cannot" in read
    assert "1 March 2027 to 25 April 2027" in read


def test_it_says_how_avoided_cost_is_estimated() -> None:
    read = shown(some()).text
    assert "an estimate of what did not happen" in read
    assert "idle timeout of its own, until that (1 stop, $20.00)" in read


def test_every_chart_is_named_and_has_its_numbers_in_a_table() -> None:
    made = shown(some())
    charts = [one for one in made.named("svg") if one.get("role") == "img"]
    assert len(charts) == 6
    assert charts[0]["aria-label"] == (
        "Idle cost by team: $10.00 in all. The most by team: web, $6.00. The highest bar: 8 Mar, $6.00."
        " The numbers are in the table below."
    )
    assert len(made.named("details")) == 6


def test_a_period_of_a_week_has_a_bar_for_each_day() -> None:
    made = shown(saved(report(MONDAY + 10 * HOUR, finding("a")), days=7))
    assert "One bar for each day." in made.text
    assert "7 Mar" in made.text


def test_one_day_has_one_bar() -> None:
    assert "One bar for the day." in shown(saved(report(MONDAY + 10 * HOUR, finding("a")), days=1)).text


def test_nothing_known_is_not_shown_as_nothing_spent() -> None:
    read = shown(saved()).text
    assert "nothing is known of it" in read
    assert "$0.00" not in read.partition("How these numbers were made")[0]


def test_reports_that_could_not_be_read_are_the_first_thing_said() -> None:
    tally = Tally(MONDAY, MONDAY + WEEK)
    tally.take(*past(report(MONDAY, finding("a"))))
    read = shown(tally.result(unread=[f"{number}: {HOSTILE}" for number in range(7)])).text
    assert "7 reports could not be read" in read
    assert "and 2 more" in read


def test_a_page_holds_no_script_and_nothing_from_elsewhere() -> None:
    made = shown(some(snooze=SNOOZE))
    assert {tag for tag, _ in made.found} & {
        "script",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
        "image",
    } == set()
    for _, attributes in made.found:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("href", "src"):
            assert (attributes.get(name) or "data:").startswith("data:")


def test_hostile_texts_are_text() -> None:
    hostile = finding(HOSTILE, team=HOSTILE, policy=HOSTILE, service="glue", snooze={**SNOOZE, "by": HOSTILE})
    hostile["facts"]["owner"] = hostile["facts"]["name"] = HOSTILE
    made = shown(
        saved(
            report(MONDAY, hostile, blind=[{**BLIND, "error": HOSTILE}], regrets={HOSTILE: {"regrets": 0, "stops": 3}}),
            report(MONDAY + HOUR, hostile, regrets={HOSTILE: {"regrets": 2, "stops": 3}}),
        )
    )
    assert made.named("script") == made.named("img") == []
    assert len(made.named("style")) == 1
    assert made.text.count("alert(1)") > 5
    assert "\u202e" not in made.text
    assert "\x1b" not in made.text


def test_a_text_of_10_kb_is_cut() -> None:
    long = finding("x" * 10_000, team="y" * 10_000)
    assert len(page(saved(report(MONDAY + HOUR, long)), made_at=MONDAY)) < 80_000


def test_more_teams_than_colours_are_summed_as_others() -> None:
    """Fifty teams at 2 USD each: six are named, forty-four are others, for 88 USD."""
    made = shown(saved(report(MONDAY + 10 * HOUR, *(finding(f"s{n}", team=f"team {n:02d}") for n in range(50)))))
    assert "others (44)" in made.text
    assert "$88.00" in made.text
    assert "team 06" not in made.text.partition("Idle the longest")[0]


def test_seven_parts_are_all_named() -> None:
    """One more than there are colours for named ones: it takes that of the others."""
    order = [str(number) for number in range(MOST_NAMED + 1)]
    assert [one.name for one in series_of({name: [1.0] for name in order}, order)] == order


@pytest.mark.parametrize("rate", [2e-9, 2e9])
def test_amounts_of_any_size_are_drawn_within_the_chart(rate: float) -> None:
    made = shown(saved(report(MONDAY + 10 * HOUR, finding("a", rate=rate), finding("b", rate=rate / 1000))))
    parts = [
        one for one in made.named("rect") if "part" in (one.get("class") or "").split() and one.get("height") != "13"
    ]
    assert parts
    assert all(0 <= float(one["height"] or -1) <= 250 and float(one["y"] or -1) >= 0 for one in parts)


def test_the_same_name_has_the_same_colour_in_both_charts() -> None:
    made = page(some(), made_at=MONDAY)
    by_team = [
        re.findall(r'class="part (c\d)"[^>]*>(?:</rect>)?</svg><bdi>(\w+)', part) for part in made.split("<figure")[1:3]
    ]
    assert by_team == [[("c0", "data"), ("c1", "web")], [("c0", "data")]]


def drawn(*amounts: list[float]) -> Element:
    """The drawing of parts ``a``, ``b`` ... over bars ``one``, ``two`` ..."""
    names = "abcdefgh"[: len(amounts)]
    bars = ["one", "two", "three"][: len(amounts[0])]
    made = figure("Idle cost", series_of(dict(zip(names, amounts, strict=True)), list(names)), bars, of="team")
    svg = made.find("svg")
    assert svg is not None
    return svg


def test_parts_of_a_bar_stand_on_each_other_and_share_the_height_of_the_axis() -> None:
    """10 and 10 USD beside 5: the axis ends at 20, between heights 222 (nothing) and 14."""
    svg = drawn([10.0, 5.0], [10.0, 0.0])
    parts = [(one.get("class"), one.get("y"), one.get("height"), one.findtext("title")) for one in svg.iter("rect")]
    assert parts == [
        ("part c0", "118", "104", "a, one: $10.00"),
        ("part c1", "14", "104", "b, one: $10.00"),
        ("part c0", "170", "52", "a, two: $5.00"),
    ]


def test_the_axis_says_its_amounts_at_their_heights_and_names_the_bars_below_them() -> None:
    svg = drawn([10.0, 5.0], [10.0, 0.0])
    amounts = [(one.text, one.get("y")) for one in svg.iterfind("g[@class='y']/text")]
    assert amounts == [("$0", "226.5"), ("$5", "174.5"), ("$10", "122.5"), ("$15", "70.5"), ("$20", "18.5")]
    centres = {float(one.get("x", "0")) + float(one.get("width", "0")) / 2 for one in svg.iter("rect")}
    names = {one.text: float(one.get("x", "0")) for one in svg.iterfind("g[@class='x']/text")}
    assert list(names) == ["one", "two"]
    assert sorted(names.values()) == pytest.approx(sorted(centres), abs=0.02)


def test_a_line_marks_the_average_of_several_bars() -> None:
    """20 and 5 USD: 12.50, five eighths of the axis."""
    (mean,) = drawn([10.0, 5.0], [10.0, 0.0]).iterfind("path[@class='mean']")
    assert (mean.get("d"), mean.findtext("title")) == ("M33.5 92H436", "average of the bars: $12.50")
    assert drawn([10.0]).find("path[@class='mean']") is None


def test_no_more_bars_are_named_than_there_is_room_for() -> None:
    days = [str(day) for day in range(21)]
    made = figure("Idle cost", series_of({"a": [1.0] * 21}, ["a"]), days, of="team")
    assert [one.text for one in made.iterfind(".//g[@class='x']/text")] == ["0", "3", "6", "9", "12", "15", "18"]


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "$0"), (0.00025, "$0.00025"), (950, "$950"), (1200, "$1.2k"), (3e6, "$3m"), (2.5e9, "$2.5bn")],
)
def test_amounts_on_an_axis_are_short(amount: float, words: str) -> None:
    assert short_dollars(amount) == words


def test_the_mail_has_the_numbers_and_where_the_page_is() -> None:
    told = text(some(), "https://example.com/r/token")
    assert "Idle cost:        $10.00" in told
    assert "Avoided cost:     $20.00" in told
    assert "estimates" in told
    assert told.rstrip().endswith("https://example.com/r/token")


def test_the_subject_fits_sns_however_large_the_numbers() -> None:
    huge = saved(report(MONDAY + 10 * HOUR, finding("a", "stopped", rate=1e300, timeout=11 * HOUR)))
    for one in (subject(huge), subject(some()), subject(saved())):
        assert len(one) <= 100
        assert one.isascii()
