"""The pages behind links: what asking changes (nothing), what answering changes (once), and what is refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from reaper.core.links import Link, Purpose, key_of, sign
from reaper.core.memory import Hurry, Snooze
from reaper.core.outcome import Outcome
from reaper.handlers.secret import SecretError
from reaper.sweep.ports import LedgerError
from tests.support.answer_desk import FORM, KEY, Desk
from tests.support.ledgers import T0, ref

NIGHTLY = ref("nightly")


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", ["", "done=kept", "done=stop", "answer=stop&seen=0", "%%%&done=%ff"])
def test_looking_changes_nothing_whatever_the_query_says(desk, method, query):
    before = desk.remember()
    desk.ledger.read_only = True

    reply = desk.ask(method, f"/s/{desk.token(NIGHTLY)}", query=query)

    assert reply.status == 200
    assert "nightly-report" in reply.body
    assert desk.kept(NIGHTLY) == before
    assert desk.bus.entries == []
    assert 'role="status"' not in reply.body


def test_a_snooze_is_recorded_with_who_and_when_and_the_page_is_got_anew(desk):
    desk.remember()

    reply = desk.post(desk.token(NIGHTLY), "4h")

    assert (reply.status, reply.headers["location"]) == (303, f"./{desk.token(NIGHTLY)}?done=kept")
    assert desk.kept(NIGHTLY).snooze == Snooze(until=T0 + 14_400, by="data@example.com, by the link", at=T0, times=1)
    page = desk.get(desk.token(NIGHTLY), "done=kept").body
    assert "It is kept until" in page
    assert "Sun 1 Mar 2026, 17:00 (Europe/Berlin)" in page
    [(wish, given)] = desk.taken
    assert (wish.answer, wish.by, given.done) == ("4h", "data@example.com, by the link", "kept")


@pytest.mark.parametrize(
    ("answer", "longest", "until"),
    [("1h", 28_800, T0 + 3600), ("max", 28_800, T0 + 28_800), ("tomorrow", 86_400, 1772438400.0)],  # 2 March, 9:00 CET
)
def test_each_offer_ends_when_it_says(desk, answer, longest, until):
    kept = desk.remember()
    desk.ledger.write([replace(kept, card=replace(kept.card, snooze_max=longest))])

    assert desk.post(desk.token(NIGHTLY), answer).status == 303
    assert desk.kept(NIGHTLY).snooze.until == until


def test_what_the_policy_does_not_allow_is_refused_though_it_was_never_offered(desk):
    desk.remember()

    reply = desk.post(desk.token(NIGHTLY), "tomorrow")

    assert reply.status == 409
    assert "at most 8h at a time" in reply.body
    assert desk.ledger.writes == 0
    assert desk.refusals[0][0] == "too long"


def test_no_more_snoozes_than_the_policy_allows(desk):
    desk.remember(snooze=Snooze(until=T0 - 1, by="ana", at=T0 - 3600, times=3))

    reply = desk.post(desk.token(NIGHTLY), "1h", seen=3)

    assert reply.status == 409
    assert "which is all that its policy allows" in reply.body
    assert desk.ledger.writes == 0


def test_the_same_answer_again_changes_nothing_twice(desk):
    desk.remember()
    desk.post(desk.token(NIGHTLY), "1h")
    after = desk.kept(NIGHTLY)
    desk.now += 5

    again = desk.post(desk.token(NIGHTLY), "1h")

    assert again.status == 409
    assert "answered already" in again.body
    assert desk.kept(NIGHTLY) == after
    assert desk.refusals == [("repeated", desk.refusals[0][1])]


def test_of_two_people_who_answer_at_once_the_second_is_told_so(desk):
    desk.remember()
    desk.ledger.before_write = lambda: desk.post(desk.token(NIGHTLY, to="bob@example.com"), "1h")

    reply = desk.post(desk.token(NIGHTLY, to="ana@example.com"), "4h")

    assert reply.status == 409
    assert desk.kept(NIGHTLY).snooze == Snooze(until=T0 + 3600, by="bob@example.com, by the link", at=T0, times=1)


def test_a_wish_to_stop_is_recorded_and_a_sweep_asked_for_at_once(desk):
    desk.remember()

    reply = desk.post(desk.token(NIGHTLY), "stop")

    assert (reply.status, reply.headers["location"].partition("?")[2]) == (303, "done=stop")
    assert desk.kept(NIGHTLY).hurry == Hurry(at=T0, by="data@example.com, by the link")
    [entry] = desk.bus.entries
    assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == (
        "session-reaper",
        "Session Stop Requested",
        "default",
    )
    detail = json.loads(entry["Detail"])
    assert detail["session"] == {
        "service": "glue",
        "account": "123456789012",
        "region": "eu-central-1",
        "scope": {},
        "id": "nightly",
    }
    assert (detail["by"], detail["at"]) == ("data@example.com, by the link", "2026-03-01T12:00:00Z")
    assert entry["Resources"] == ["arn:aws:glue:eu-central-1:123456789012:session/nightly"]
    assert "within a minute or two, if it is still not in use" in desk.get(desk.token(NIGHTLY), "done=stop").body


@pytest.mark.parametrize("trouble", ["refused", "none"])
def test_a_wish_that_cannot_be_announced_waits_for_the_next_sweep_and_the_page_says_so(desk, trouble):
    desk.remember()
    desk.bus.trouble, desk.has_bus = "AccessDeniedException", trouble == "refused"

    reply = desk.post(desk.token(NIGHTLY), "stop")

    assert reply.headers["location"].partition("?")[2] == "done=later"
    assert desk.kept(NIGHTLY).hurry is not None
    assert desk.taken[0][1].note
    assert "The next scheduled sweep will stop it" in desk.get(desk.token(NIGHTLY), "done=later").body


def test_the_same_wish_to_stop_again_is_the_same_answer_and_announces_nothing_again(desk):
    desk.remember()
    first = desk.post(desk.token(NIGHTLY), "stop")

    again = desk.post(desk.token(NIGHTLY), "stop")

    assert (again.status, again.headers["location"]) == (first.status, first.headers["location"])
    assert len(desk.bus.entries) == 1
    assert desk.ledger.writes == 1


def test_two_hundred_who_press_stop_it_now_at_once_get_one_answer_one_event_and_one_write(desk):
    desk.remember()
    token = desk.token(NIGHTLY)

    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda _: desk.post(token, "stop"), range(200)))

    assert {(reply.status, reply.headers["location"].partition("?")[2]) for reply in replies} == {(303, "done=stop")}
    assert len(desk.bus.entries) == 1
    assert desk.kept(NIGHTLY).version == 2


def test_a_page_made_before_somebody_kept_it_cannot_stop_it(desk):
    desk.remember()
    desk.post(desk.token(NIGHTLY), "1h", seen=0)

    assert desk.post(desk.token(NIGHTLY), "stop", seen=0).status == 409
    assert desk.kept(NIGHTLY).hurry is None
    assert desk.bus.entries == []


def test_a_snooze_can_be_ended_and_still_counts(desk):
    desk.remember(snooze=Snooze(until=T0 + 3600, by="ana", at=T0 - 60, times=1))

    reply = desk.post(desk.token(NIGHTLY), "unsnooze", seen=1)

    assert reply.headers["location"].partition("?")[2] == "done=ended"
    assert (desk.kept(NIGHTLY).snooze.until, desk.kept(NIGHTLY).snooze.times) == (T0, 1)
    assert "The snooze has ended" in desk.get(desk.token(NIGHTLY), "done=ended").body


def test_a_session_that_was_stopped_is_shown_without_buttons_and_takes_no_answer(desk):
    desk.remember(outcome=Outcome.STOPPED, stopped_at=T0 - 60, stopped_by="glue-idle")

    page, answer = desk.get(desk.token(NIGHTLY)), desk.post(desk.token(NIGHTLY), "1h")

    assert (page.status, answer.status) == (200, 409)
    assert "<button" not in page.body + answer.body
    assert "Sun 1 Mar 2026, 12:59 (Europe/Berlin)" in page.body
    assert "It has been stopped already." in answer.body
    assert desk.ledger.writes == 0


def test_a_session_nobody_remembers_is_not_found(desk):
    for reply in (desk.get(desk.token(NIGHTLY)), desk.post(desk.token(NIGHTLY), "1h")):
        assert reply.status == 404
        assert "Nothing is known of this session" in reply.body


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("token", "status", "heading"),
    [
        ("nonsense", 403, "This link is incomplete"),
        ("x" * 5000, 403, "This link is incomplete"),
        (sign(Link(Purpose.SESSION, "glue/1/eu/x", "a", T0), KEY), 410, "This link has expired"),
        (sign(Link(Purpose.PAGE, "pages/a.html", "a", T0 + 9), KEY), 403, "This link is not valid"),
        (sign(Link(Purpose.SESSION, "no session", "a", T0 + 9), KEY), 403, "This link is incomplete"),
        (
            sign(Link(Purpose.SESSION, "glue/1/eu/x", "a", T0 + 9), key_of("somebody else's key")),
            403,
            "This link is no longer valid",
        ),
        (sign(Link(Purpose.SESSION, "glue/1/eu/x", "a", T0 + 9), KEY)[:-4] + "AAAA", 403, "This link is not valid"),
    ],
    ids=["malformed", "long", "expired", "other purpose", "no session", "unknown key", "forged"],
)
def test_a_link_that_is_not_honoured_gets_a_page_that_says_why_and_is_counted(desk, method, token, status, heading):
    desk.remember()
    reply = desk.post(token, "1h") if method == "POST" else desk.get(token)

    assert reply.status == status
    assert heading in reply.body
    assert token not in reply.body
    assert desk.ledger.writes == 0
    [(_, about)] = desk.refusals
    assert token not in str(about)


def test_an_unreadable_ledger_changes_nothing_and_asks_to_try_again(desk):
    desk.remember()
    desk.ledger.trouble = "the ledger is away"

    for reply in (desk.get(desk.token(NIGHTLY)), desk.post(desk.token(NIGHTLY), "1h")):
        assert (reply.status, reply.headers["retry-after"]) == (503, "30")
        assert "nothing was changed" in reply.body
    assert desk.failures == ["the ledger is away"] * 2


def test_a_memory_that_cannot_be_read_is_no_reason_to_guess(desk):
    desk.ledger.spoil(NIGHTLY, "it is garbled")

    assert desk.post(desk.token(NIGHTLY), "1h").status == 503


def test_an_answer_that_may_have_been_written_is_not_called_unwritten(desk):
    desk.remember()

    def fail() -> None:
        raise LedgerError("no answer")

    desk.ledger.before_write = fail
    reply = desk.post(desk.token(NIGHTLY), "1h")

    assert reply.status == 503
    assert "may not have been recorded" in reply.body
    assert "othing was changed" not in reply.body


def test_without_keys_nobody_is_let_in_and_nobody_is_called_a_forger(desk):
    def fail() -> tuple[()]:
        raise SecretError("the secret is away")

    desk.read_keys = fail

    assert desk.get(desk.token(NIGHTLY)).status == 503
    assert desk.refusals == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 400),
        (b"answer=1h", "application/x-www-form-urlencoded", 400),
        (b"answer=for+ever&seen=0", "application/x-www-form-urlencoded", 400),
        (b"answer=1h&seen=-1", "application/x-www-form-urlencoded", 400),
        (b"answer=1h&seen=0&seen=1", "application/x-www-form-urlencoded", 400),
        (b"answer=\xff&seen=0", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(100)), "application/x-www-form-urlencoded", 400),
        (b"answer=1h&seen=0", "text/plain", 400),
        (b'{"answer": "1h", "seen": 0}', "application/json", 400),
        (b"answer=1h&seen=0&x=" + b"y" * 5000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_a_form_that_is_not_ours_is_refused(desk, body, kind, status):
    desk.remember()

    reply = desk.ask("POST", f"/s/{desk.token(NIGHTLY)}", body=body, **{"content-type": kind})

    assert reply.status == status
    assert desk.ledger.writes == 0


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/s/x", "GET, HEAD, POST"),
        ("DELETE", "/s/x", "GET, HEAD, POST"),
        ("POST", "/r/x", "GET, HEAD"),
        ("GET", "/slack", "POST"),
    ],
)
def test_another_method_is_told_which_there_are(desk, method, path, allowed):
    reply = desk.ask(method, path)

    assert (reply.status, reply.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["/", "", "/s", "/s/", "/s/a/b", "/S/a", "/favicon.ico", "/slack/", "//s/a"])
def test_there_is_nothing_elsewhere(desk, path):
    assert desk.ask("GET", path).status == 404


def test_a_form_may_say_its_charset(desk):
    desk.remember()
    body = urlencode({"answer": "1h", "seen": "0"}).encode()

    reply = desk.ask(
        "POST", f"/s/{desk.token(NIGHTLY)}", body=body, **{"content-type": FORM["content-type"] + "; charset=UTF-8"}
    )

    assert reply.status == 303
