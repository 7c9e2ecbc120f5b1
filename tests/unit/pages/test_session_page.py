"""What the page behind a link says and offers, in every state a session can be in."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from reaper.core.memory import Claim, Hurry, Memory, Snooze
from reaper.core.outcome import Outcome
from reaper.core.session import SessionRef
from reaper.pages.answers import Done, Visit, session_page
from reaper.pages.problems import Problem, problem_page
from tests.support.answer_desk import CARD
from tests.support.ledgers import T0, memory

WARNED = replace(memory(), card=CARD, idle_cost=4.95)
KEPT = Snooze(until=T0 + 14_400, by="ana@example.com", at=T0 - 5, times=1)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> @channel \u202egpj.exe &lt;b&gt;" + "x" * 10_000


class Page(HTMLParser):
    """A page read back: elements, buttons by their value, hidden fields, and the text as it reads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._words: list[str] = []
        self._skip = False
        self.feed(html)
        self.close()
        self.text = re.sub(r"\s+", " ", " ".join(self._words))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._skip = tag == "style"

    def handle_endtag(self, tag):
        self._skip = self._skip and tag != "style"

    def handle_data(self, data):
        if not self._skip:
            self._words.append(data)

    def answers(self) -> list[str | None]:
        return [attributes["value"] for tag, attributes in self.elements if tag == "button"]


def page(kept: Memory, **visit: Any) -> Page:
    seen = {"now": T0, "to": "data@example.com", "expires": T0 + 518_400, "action": "./token", **visit}
    return Page(session_page(kept, Visit(**seen)))


def test_it_shows_what_is_known_of_the_session_and_how():
    text = page(WARNED).text

    for words in (
        "nightly-report",
        "AWS Glue session",
        "will be stopped Sun 1 Mar 2026, 13:45 (Europe/Berlin) unless it is used or kept before",
        "Policy glue-idle nobody has used it for half an hour",
        "Sun 1 Mar 2026, 10:45 (Europe/Berlin) , for 2 h 15 min",
        "Known from: statement 7 completed 2026-03-01T09:45:00Z",
        "$2.20 an hour, $4.95 while idle so far",
        "Cost, estimated",
        "Owner ana Team data",
        "State READY",
        "Snoozes 0 of 3 used",
        "Session nightly Where eu-central-1 , account 123456789012",
        "As of Sun 1 Mar 2026, 13:00 (Europe/Berlin)",
        "This link was sent to data@example.com and works until Sat 7 Mar 2026, 13:00 (Europe/Berlin)",
        "opening it changes nothing",
    ):
        assert words in text, words


def test_the_buttons_are_those_the_policy_allows_and_post_to_the_link_itself():
    shown = page(WARNED)

    assert shown.answers() == ["1h", "4h", "max", "stop"]
    assert "Keep for 1 hour until 14:00" in shown.text
    assert "Keep for 8 hours until 21:00" in shown.text
    forms = [attributes for tag, attributes in shown.elements if tag == "form"]
    assert forms == [{"method": "post", "action": "./token"}] * 2
    assert [a for tag, a in shown.elements if tag == "input"] == [{"type": "hidden", "name": "seen", "value": "0"}] * 2


def test_tomorrow_is_named_with_its_day():
    shown = page(replace(WARNED, card=replace(CARD, snooze_max=86_400.0)))

    assert "Keep until tomorrow Mon 2 Mar, 09:00" in shown.text
    assert "tomorrow" in shown.answers()


def test_scopes_are_shown():
    ref = SessionRef("deadline", "1", "eu-west-1", (("farm", "farm-1"), ("job", "job-2")), "s-1")

    assert "farm farm-1 job job-2" in page(replace(WARNED, ref=ref)).text


def test_while_it_is_kept_only_longer_snoozes_are_offered_and_it_can_be_ended():
    shown = page(replace(WARNED, snooze=KEPT))

    assert shown.answers() == ["max", "unsnooze", "stop"]
    assert "It is kept until Sun 1 Mar 2026, 17:00 (Europe/Berlin) , asked by ana@example.com" in shown.text
    assert "1 of 3 used" in shown.text


def test_kept_as_long_as_allowed_it_says_when_to_come_back():
    shown = page(replace(WARNED, snooze=replace(KEPT, until=T0 + 28_800)))

    assert shown.answers() == ["unsnooze", "stop"]
    assert "Later you can keep it again, 2 more times." in shown.text


def test_with_no_snooze_left_it_says_what_to_do_instead():
    shown = page(replace(WARNED, snooze=replace(KEPT, until=T0 - 1, times=3)))

    assert shown.answers() == ["stop"]
    assert "It has been kept 3 times" in shown.text
    assert "session-reaper/keep-until" in shown.text


def test_where_nothing_is_stopped_it_says_so_and_offers_no_stop():
    shown = page(replace(WARNED, card=replace(CARD, acts=False)))

    assert shown.answers() == ["1h", "4h", "max"]
    assert "Nothing stops it" in shown.text
    assert "will be stopped" not in shown.text


@pytest.mark.parametrize("due", [None, T0 - 1])
def test_once_due_it_is_the_next_sweep_that_stops_it(due):
    assert "The next sweep stops it" in page(replace(WARNED, card=replace(CARD, due=due))).text


def test_a_stop_asked_for_can_still_be_taken_back():
    shown = page(replace(WARNED, hurry=Hurry(at=T0 - 60, by="bob")))

    assert shown.answers() == ["1h", "4h", "max"]
    assert "Its stop was asked for by bob" in shown.text


def test_a_sweep_about_to_stop_it_is_told_and_answers_are_still_taken():
    shown = page(replace(WARNED, claim=Claim(run_id="r", at=T0 - 5, policy="glue-idle")))

    assert shown.answers() == ["1h", "4h", "max", "stop"]
    assert "A sweep is about to stop it" in shown.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outcome": Outcome.STOPPED, "stopped_at": T0 - 60}, "The next sweep checks that it has ended"),
        ({"outcome": Outcome.CONFIRMED, "stopped_at": T0 - 60, "confirmed_at": T0}, "It has ended"),
        ({"outcome": Outcome.NOT_STOPPING, "stopped_at": T0 - 60}, "it is still there"),
        ({"outcome": Outcome.ALREADY_GONE}, "It ended by itself"),
    ],
)
def test_a_session_that_is_gone_takes_no_answer(changes, words):
    shown = page(replace(WARNED, **changes))

    assert words in shown.text
    assert shown.answers() == []


@pytest.mark.parametrize(
    ("done", "changes", "words"),
    [
        (Done.KEPT, {"snooze": KEPT}, "Kept It is kept until Sun 1 Mar 2026, 17:00"),
        (Done.STOP_SOON, {"hurry": Hurry(at=T0, by="x")}, "within a minute or two, if it is still not in use"),
        (Done.STOP_LATER, {"hurry": Hurry(at=T0, by="x")}, "The next scheduled sweep will stop it"),
        (Done.ENDED, {"snooze": replace(KEPT, until=T0)}, "The snooze has ended"),
    ],
)
def test_what_was_just_done_is_said_only_if_the_ledger_bears_it_out(done, changes, words):
    assert words in page(replace(WARNED, **changes), done=done).text
    assert 'role="status"' not in page(WARNED, done=done).html


def test_a_refused_answer_is_said_first():
    shown = page(WARNED, refused="It is not snoozed.")

    assert "Nothing was changed It is not snoozed." in shown.text


@pytest.mark.parametrize("place", ["name", "owner", "team", "state", "evidence", "detail", "timezone"])
def test_whatever_strangers_wrote_makes_no_element_and_no_attribute(place):
    plain, hostile = page(WARNED), page(replace(WARNED, card=replace(CARD, **{place: HOSTILE})))

    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in plain.elements]
    assert [sorted(a) for _, a in hostile.elements] == [sorted(a) for _, a in plain.elements]
    assert "\u202e" not in hostile.html
    assert len(hostile.html) < len(plain.html) + 1000


def test_nor_do_names_of_services_scopes_policies_and_people():
    plain = page(replace(WARNED, ref=SessionRef("s", "a", "r", (("k", "v"),), "i"), snooze=KEPT), to="t")
    ref = SessionRef(HOSTILE, HOSTILE, HOSTILE, ((HOSTILE, HOSTILE),), HOSTILE)
    kept = replace(WARNED, ref=ref, policy=HOSTILE, snooze=replace(KEPT, by=HOSTILE), card=replace(CARD, name=""))
    hostile = page(kept, to=HOSTILE)

    assert sorted({tag for tag, _ in hostile.elements}) == sorted({tag for tag, _ in plain.elements} | {"bdi"})
    assert {name for _, a in hostile.elements for name in a} == {name for _, a in plain.elements for name in a}
    assert "\u202e" not in hostile.html


def test_strange_words_keep_their_own_direction():
    shown = page(replace(WARNED, card=replace(CARD, owner="\u05d0\u05d1\u05d2")))

    assert "<bdi>\u05d0\u05d1\u05d2</bdi>" in shown.html


def test_without_a_card_it_says_what_the_ledger_knows():
    shown = page(replace(WARNED, card=None))

    assert "nightly" in shown.text
    assert "Not used since" not in shown.text
    assert shown.answers() == ["1h", "4h", "max"]


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Problem.MALFORMED, 403),
        (Problem.FORGED, 403),
        (Problem.UNKNOWN_KEY, 403),
        (Problem.EXPIRED, 410),
        (Problem.UNKNOWN_SESSION, 404),
        (Problem.NO_PAGE, 404),
        (Problem.NOT_FOUND, 404),
        (Problem.METHOD, 405),
        (Problem.GARBLED, 400),
        (Problem.TOO_LARGE, 413),
        (Problem.UNAVAILABLE, 503),
        (Problem.UNSURE, 503),
        (Problem.FAILED, 500),
    ],
)
def test_every_problem_has_a_page_of_its_own(problem, status):
    shown = Page(problem_page(problem))

    assert problem.status == status
    assert problem.heading in shown.text
    assert [tag for tag, _ in shown.elements].count("h1") == 1
    assert shown.answers() == []


def test_all_problems_are_looked_at_above():
    assert len(Problem) == 13
