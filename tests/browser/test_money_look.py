"""The money page in a real browser: light, dark, on a phone, on paper, with much, little and hostile data."""

from __future__ import annotations

import pytest

from reaper.core.tally import savings_of
from reaper.pages.savings import page as money_page
from tests.support.archived import HOUR, MONDAY, Json, finding, past, report
from tests.support.browser import opened, overflow, violations

WAYS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "forced colours": {"forced_colors": "active", "color_scheme": "dark"},
}
HOSTILE = "</style><script>document.title='taken'</script>\u202e" + "x" * 300
SNOOZE = {"until": "2027-03-01T18:00:00Z", "by": "ana@example.com", "at": "2027-03-01T09:30:00Z", "times": 1}
BLIND = {"service": "athena", "account": "123456789012", "region": "eu-central-1", "scope": {}, "error": "denied " * 20}


def weeks(teams: int, rate: float) -> list[Json]:
    """A report a day for eight weeks."""
    return [
        report(
            MONDAY + day * 24 * HOUR,
            *(
                finding(
                    f"session-{day}-{number}",
                    "stopped" if number % 3 == 0 else "snoozed",
                    rate=rate,
                    timeout=40 * HOUR,
                    idle=(number + 1) * HOUR,
                    team=f"team {(day + number) % teams}",
                    snooze=SNOOZE,
                )
                for number in range(teams)
            ),
            blind=[BLIND],
            regrets={"glue-idle": {"regrets": day // 9, "stops": 20}},
            owners={"resolved": 3, "unresolved": 2},
        )
        for day in range(56)
    ]


def hostile() -> Json:
    found = finding(HOSTILE, team=HOSTILE, policy=HOSTILE, snooze={**SNOOZE, "by": HOSTILE})
    found["facts"] |= {"name": HOSTILE, "owner": HOSTILE}
    return report(MONDAY, found, blind=[{**BLIND, "error": HOSTILE}])


PAGES = {
    name: money_page(savings_of(past(*reports), MONDAY, MONDAY + days * 24 * HOUR - 1), made_at=MONDAY + 60 * 24 * HOUR)
    for name, reports, days in (
        ("nothing", [], 56),
        ("one day", weeks(2, 4.4)[:1], 1),
        ("eight weeks", weeks(5, 4.4), 56),
        ("fifty teams", weeks(50, 4.4)[:9], 9),
        ("huge", weeks(3, 4.4e9)[:2], 2),
        ("tiny", weeks(3, 4.4e-9)[:2], 2),
        ("hostile", [hostile()], 7),
    )
}


@pytest.mark.parametrize("way", WAYS)
def test_axe_finds_nothing_wrong_and_nothing_scrolls_sideways(browser, way):
    wrong: dict[str, list[str]] = {}
    with opened(browser, **WAYS[way]) as (page, complaints):
        for name, html in PAGES.items():
            page.set_content(html)
            for details in page.locator("summary").all():
                details.click()
            wrong[name] = violations(page) + overflow(page)
        assert {name: found for name, found in wrong.items() if found} == {}
        assert complaints.said == []


def test_hostile_names_do_nothing(browser):
    with opened(browser) as (page, _):
        page.set_content(PAGES["hostile"])
        assert page.title() == "What idle sessions cost"


def test_charts_fit_their_place_and_are_seen(browser):
    with opened(browser, **WAYS["phone"]) as (page, _):
        page.set_content(PAGES["eight weeks"])
        boxes = [one.bounding_box() for one in page.get_by_role("img").all()]
        assert len(boxes) == 6
        assert all(box and 250 < box["width"] <= 360 and box["height"] > 100 for box in boxes), boxes


def test_colours_follow_the_scheme(browser):
    fills = {}
    for scheme in ("light", "dark"):
        with opened(browser, color_scheme=scheme) as (page, _):
            page.set_content(PAGES["eight weeks"])
            fills[scheme] = page.evaluate("getComputedStyle(document.querySelector('.bars .c0')).fill")
    assert fills["light"] != fills["dark"]


def test_paper_has_patterns_and_no_colours(browser):
    """White ground, black ink, and each part of a bar with a pattern of its own, whatever the scheme on the screen."""
    with opened(browser, color_scheme="dark") as (page, _):
        page.set_content(PAGES["eight weeks"])
        page.emulate_media(media="print", color_scheme="light")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        fills = [
            page.evaluate(f"getComputedStyle(document.querySelector('.bars .c{number}')).fill") for number in range(5)
        ]
        assert fills == [f'url("#fill{number}")' for number in range(5)]
