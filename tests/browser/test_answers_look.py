"""The pages behind a link, in every state, as everybody meets them: light, dark, on a phone, in forced colours, on paper."""

from __future__ import annotations

import re
import zlib

import pytest

from tests.support.answerable import SESSIONS
from tests.support.answers_server import PROBLEMS
from tests.support.browser import opened, overflow, violations

EVERY = [*SESSIONS, *PROBLEMS]
WAYS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "forced colours": {"forced_colors": "active", "color_scheme": "dark"},
    "little motion, much contrast": {"reduced_motion": "reduce", "contrast": "more"},
}


@pytest.mark.parametrize("way", WAYS)
def test_axe_finds_nothing_wrong_and_the_browser_complains_of_nothing(browser, site, way):
    wrong: dict[str, list[str]] = {}
    with opened(browser, **WAYS[way]) as (page, complaints):
        for name in EVERY:
            page.goto(site.link(name))
            wrong[name] = violations(page)
        assert {name: found for name, found in wrong.items() if found} == {}
        assert complaints.said == []


@pytest.mark.parametrize("way", WAYS)
def test_the_pages_after_an_answer_are_no_worse(browser, site, way):
    wrong: dict[str, list[str]] = {}
    with opened(browser, **WAYS[way]) as (page, complaints):
        for name, button in (("warned", "Keep for 1 hour"), ("snoozed", "End the snooze"), ("short", "Stop it now")):
            page.goto(site.link(name))
            page.get_by_role("button", name=button).click()
            page.get_by_role("status").wait_for()
            wrong[name] = violations(page)
        assert {name: found for name, found in wrong.items() if found} == {}
        assert complaints.said == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_scrolls_sideways(browser, site, width):
    wide: dict[str, list[str]] = {}
    with opened(browser, viewport={"width": width, "height": 640}) as (page, _):
        for name in EVERY:
            page.goto(site.link(name))
            wide[name] = overflow(page)
    assert {name: found for name, found in wide.items() if found} == {}


def test_text_twice_as_large_still_fits_a_phone(browser, site):
    with opened(browser, viewport={"width": 320, "height": 640}) as (page, _):
        page.goto(site.link("warned"))
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert overflow(page) == []


def test_buttons_are_large_enough_for_a_thumb(browser, site):
    with opened(browser, **WAYS["phone"]) as (page, _):
        page.goto(site.link("warned"))
        boxes = [button.bounding_box() for button in page.get_by_role("button").all()]
        assert len(boxes) == 4
        assert all(box and box["height"] >= 44 and box["width"] >= 44 for box in boxes), boxes


def test_the_two_schemes_differ_and_each_is_its_own(browser, site):
    grounds = {}
    for scheme in ("light", "dark"):
        with opened(browser, color_scheme=scheme) as (page, _):
            page.goto(site.link("warned"))
            colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
            grounds[scheme] = sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3
    assert grounds["dark"] < 64
    assert grounds["light"] > 192


def test_names_that_strangers_chose_stay_text(browser, site):
    with opened(browser) as (page, complaints):
        page.goto(site.link("hostile"))
        assert "owned" not in page.title() or "<script>" in page.title()
        assert page.locator("script, img").count() == 0
        assert page.get_by_role("heading", level=1).inner_text().startswith("<script>document.title")
        assert "\u202e" not in page.content()
        assert complaints.said == []


def test_paper_has_the_facts_and_no_buttons(browser, site):
    with opened(browser) as (page, _):
        page.goto(site.link("warned"))
        page.emulate_media(media="print")
        assert page.get_by_role("button").count() == 0
        assert page.get_by_text("statement 7 completed").is_visible()
        assert drawn(page.pdf()) > 2000


def drawn(pdf: bytes) -> int:
    """Bytes of drawing instructions in a PDF; an empty page has next to none."""
    assert pdf.startswith(b"%PDF-")
    total = 0
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        total += len(content) if b" Tf" in content else 0
    return total
