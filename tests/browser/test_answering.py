"""What the buttons do in a real browser, and what opening a link does not."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from tests.support.answerable import NOW, SESSIONS
from tests.support.browser import opened

HOUR = 3600.0
SCANNERS = [
    "Mozilla/5.0 (compatible; Microsoft Office 365 SafeLinks)",
    "GoogleImageProxy",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Barracuda Sentinel (EE)",
    "curl/8.5.0",
    "",
]


def fetched(method: str, url: str, agent: str, **headers: str) -> int:
    request = urllib.request.Request(url, method=method, headers={"User-Agent": agent, **headers})  # noqa: S310 - ours
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("agent", SCANNERS)
def test_what_follows_links_by_itself_changes_nothing(site, agent):
    before = site.remembered("warned")
    for method in ("HEAD", "GET", "GET"):
        assert fetched(method, site.link("warned"), agent, Purpose="prefetch", **{"Sec-Purpose": "prefetch"}) == 200
    assert fetched("OPTIONS", site.link("warned"), agent) == 405

    assert site.remembered("warned") == before
    assert site.writes == 0


def test_opening_the_page_changes_nothing_and_the_button_keeps_the_session(browser, site):
    with opened(browser) as (page, complaints):
        page.goto(site.link("warned"))
        assert page.get_by_role("heading", level=1).inner_text() == "churn-exploration"
        assert site.writes == 0

        page.get_by_role("button", name="Keep for 4 hours").click()

        page.get_by_text("It is kept until Sun 1 Mar 2026, 16:00 (Europe/Berlin)").first.wait_for()
        assert complaints.said == []
    snooze = site.remembered("warned").snooze
    assert snooze is not None
    assert (snooze.until, snooze.times) == (NOW + 4 * HOUR, 1)
    assert "ana@example.com" in snooze.by
    assert site.writes == 1


def test_until_tomorrow_is_nine_where_its_reader_lives(browser, site):
    with opened(browser) as (page, _):
        page.goto(site.link("warned"))
        page.get_by_role("button", name="until tomorrow").click()
        page.get_by_role("status").wait_for()
    snooze = site.remembered("warned").snooze
    assert snooze is not None
    assert snooze.until == 1772438400.0  # 2026-03-02T08:00:00Z, 9:00 in Berlin


def test_neither_reload_nor_back_answers_again(browser, site):
    with opened(browser) as (page, _):
        page.goto(site.link("warned"))
        page.get_by_role("button", name="Keep for 1 hour").click()
        page.get_by_role("status").wait_for()

        page.reload()
        page.go_back()
        page.go_forward()
        page.reload()

    assert site.requests.of("POST") == [site.requests.of("POST")[0]]
    snooze = site.remembered("warned").snooze
    assert snooze is not None
    assert snooze.times == 1


def test_a_page_that_was_left_open_does_not_answer_twice(browser, site):
    """The same mail was opened by two people; both press the same button."""
    with opened(browser) as (one, _), opened(browser) as (other, _):
        one.goto(site.link("warned"))
        other.goto(site.link("warned"))
        one.get_by_role("button", name="Keep for 1 hour").click()
        one.get_by_text("Kept", exact=True).first.wait_for()

        other.get_by_role("button", name="Keep for 4 hours").click()

        other.get_by_text("Nothing was changed", exact=True).wait_for()
    snooze = site.remembered("warned").snooze
    assert snooze is not None
    assert (snooze.until, snooze.times) == (NOW + HOUR, 1)


def test_it_works_without_script(browser, site):
    with opened(browser, java_script_enabled=False) as (page, complaints):
        page.goto(site.link("warned"))
        page.get_by_role("button", name="Keep for 1 hour").click()
        page.get_by_role("status").wait_for()
        page.get_by_role("button", name="End the snooze now").click()
        page.get_by_text("The snooze has ended").wait_for()
        assert complaints.said == []
    snooze = site.remembered("warned").snooze
    assert snooze is not None
    assert (snooze.until, snooze.times) == (NOW, 1)


def test_it_works_with_the_keyboard_alone(browser, site):
    with opened(browser) as (page, _):
        page.goto(site.link("warned"))
        order = []
        for _ in range(4):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                """() => {
                  const style = getComputedStyle(document.activeElement);
                  return {
                    name: document.activeElement.firstChild.textContent.trim(),
                    visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
                  };
                }"""
            )
            assert focused["visible"], focused
            order.append(focused["name"])
        assert order == ["Keep for 1 hour", "Keep for 4 hours", "Keep until tomorrow", "Stop it now"]

        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        page.get_by_role("status").wait_for()
    snooze = site.remembered("warned").snooze
    assert snooze is not None
    assert snooze.until == NOW + 4 * HOUR


def test_stop_it_now_is_remembered_and_announced_once(browser, site):
    with opened(browser) as (page, _):
        page.goto(site.link("warned"))
        page.get_by_role("button", name="Stop it now").click()
        page.get_by_text("Its stop has been asked for").wait_for()
        page.reload()
        assert page.get_by_role("button", name="Stop it now").count() == 0
    hurry = site.remembered("warned").hurry
    assert hurry is not None
    assert hurry.at == NOW
    assert [event["detail-type"] for event in site.announced] == ["Session Stop Requested"]


@pytest.mark.parametrize(
    ("name", "buttons"),
    [
        ("warned", ["1h", "4h", "tomorrow", "stop"]),
        ("short", ["1h", "max", "stop"]),
        ("reported", ["1h", "4h", "tomorrow"]),
        ("snoozed", ["tomorrow", "unsnooze", "stop"]),
        ("spent", ["stop"]),
        ("hurried", ["1h", "4h", "tomorrow"]),
        ("claimed", ["1h", "4h", "tomorrow", "stop"]),
        ("stopped", []),
        ("confirmed", []),
        ("ended", []),
    ],
)
def test_the_answers_on_offer_are_those_that_are_allowed(browser, site, name, buttons):
    with opened(browser) as (page, _):
        page.goto(site.link(name))
        assert [button.get_attribute("value") for button in page.locator("button").all()] == buttons


@pytest.mark.parametrize(
    ("name", "status", "heading"),
    [
        ("forged", 403, "This link is not valid"),
        ("cut", 403, "This link is incomplete"),
        ("replaced", 403, "This link is no longer valid"),
        ("expired", 410, "This link has expired"),
        ("unknown", 404, "Nothing is known of this session"),
        ("elsewhere", 404, "There is nothing here"),
    ],
)
def test_a_link_that_is_not_honoured_says_why_and_answers_nothing(browser, site, name, status, heading):
    with opened(browser) as (page, _):
        answer = page.goto(site.link(name))
        assert answer is not None
        assert answer.status == status
        assert page.get_by_role("heading", level=1).inner_text() == heading
        assert page.get_by_role("button").count() == 0
    assert fetched("POST", site.link(name), "Mozilla/5.0") in {status, 400, 404, 405}
    assert site.writes == 0


def test_a_ledger_out_of_reach_is_said_and_nothing_is_claimed(browser, site):
    with opened(browser) as (page, _):
        page.goto(site.link("warned"))
        site.ledger.trouble = "the table is not there"
        page.get_by_role("button", name="Keep for 1 hour").click()
        page.get_by_text("Session Reaper cannot look this up right now").wait_for()
        assert "the table is not there" not in page.content()
    site.ledger.trouble = None
    assert site.remembered("warned") == SESSIONS["warned"] or site.remembered("warned").snooze is None


def test_pages_are_not_kept_framed_or_leaked(browser, site):
    with opened(browser) as (page, _):
        answer = page.goto(site.link("warned"))
        assert answer is not None
        headers = answer.headers
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"

        page.set_content(f"<iframe src='{site.link('warned')}'></iframe>")
        [_, frame] = page.frames
        assert "churn" not in frame.content()
