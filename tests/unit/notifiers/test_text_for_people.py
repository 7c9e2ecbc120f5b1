"""What owners read, and what no name can do to anybody's mail."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.outcome import Outcome
from reaper.notifiers.plain import WIDTH, Clock, shown, wrapped
from reaper.notifiers.text import render, subject
from tests.support.growth import cost
from tests.support.reports import blind, finding, ref, report, typed

BERLIN = {
    "key": "email:data@example.com",
    "medium": "email",
    "to": "data@example.com",
    "teams": ["data"],
    "timezone": "Europe/Berlin",
}
FACTS = {
    "name": None,
    "state": "READY",
    "age": 9000,
    "idle_for": 3600,
    "owner": "ana",
    "hourly_cost": 2.2,
    "idle_cost": 2.2,
}
SNOOZE = {"until": "2026-03-01T15:00:00Z", "by": "bo", "at": "2026-03-01T09:00:00Z", "times": 2}
WARNED = {
    "team": "data",
    "facts": FACTS,
    "idle_since": "2026-03-01T09:00:00Z",
    "evidence": "statement 7 completed 2026-03-01T09:00:00Z",
    "due": "2026-03-01T10:45:00Z",
    "snooze_limit": {"max": 28800, "left": 3},
    "links": {"answer": "https://answers.example/s/" + "t" * 120},
}


def told(*findings, room=50_000, **change):
    return render(typed(report(*findings, **{"mode": "enforce", "audience": BERLIN, **change})), room=room)


def test_an_owners_digest_reads_like_this():
    text = told(
        finding("stopped", "retrain", team="data", facts={**FACTS, "owner": "bo"}, avoided_cost=20.0,
                avoided_basis="its own idle timeout of 48h"),
        finding("warned", **WARNED),
        finding("warned", "old-one", news=False, **{**WARNED, "due": "2026-03-01T10:30:00Z"}),
        idle_cost=6.6,
        avoided_cost=20.0,
    )  # fmt: skip

    assert text == (
        "1 of your sessions is about to be stopped, 1 was stopped.\n"
        "\n"
        "The next stop is due Sun 1 Mar 11:30 CET, unless the session is used before.\n"
        "Their idleness has cost about 6.60 USD so far (an estimate).\n"
        "Stopping avoids about 20.00 USD (an estimate).\n"
        "Times are those of Europe/Berlin.\n"
        "\n"
        "Your glue sessions (2)\n"
        "----------------------\n"
        "- nightly is about to be stopped\n"
        "    where 123456789012 eu-central-1\n"
        "    owner ana\n"
        "    idle  for 1h, since Sun 1 Mar 10:00 CET: statement 7 completed then\n"
        "    cost  2.20 USD an hour, about 2.20 USD while idle\n"
        "    why   policy glue-idle: idle for 2h, which is at least 1h\n"
        "    next  It is stopped at the first sweep after Sun 1 Mar 11:45 CET, unless\n"
        "          it is used before.\n"
        "    keep  it, or stop it now, on this page (3 snoozes left, each of up to 8h):\n"
        f"    https://answers.example/s/{'t' * 120}\n"
        "\n"
        "- retrain was stopped\n"
        "    where 123456789012 eu-central-1\n"
        "    owner bo\n"
        "    idle  for 1h, 2h30m old, state READY\n"
        "    cost  2.20 USD an hour, about 2.20 USD while idle\n"
        "    saved about 20.00 USD by the stop, an estimate against its own idle\n"
        "          timeout of 48h\n"
        "    why   policy glue-idle: idle for 2h, which is at least 1h\n"
        "    next  The service accepted the stop. Start a new session when you need\n"
        "          one.\n"
        "\n"
        "STILL OPEN, told before (1)\n"
        "- old-one (glue) is about to be stopped, due Sun 1 Mar 11:30 CET\n"
        "\n"
        "You get this because the owners known to Session Reaper name data@example.com\n"
        "for data.\n"
    )


def test_the_subject_names_the_session_where_it_is_one():
    assert subject(typed(report(finding("warned", **WARNED), audience=BERLIN, mode="enforce"))) == (
        "Session Reaper: your session nightly is about to be stopped"
    )
    named = finding("warned", **{**WARNED, "facts": {**FACTS, "name": "Churn \u4f1a\u8bae"}})
    assert subject(typed(report(named, audience=BERLIN, mode="enforce"))) == (
        "Session Reaper: your session Churn \u4f1a\u8bae is about to be stopped"
    )


def test_the_subject_puts_what_can_still_be_kept_first():
    line = subject(
        typed(
            report(finding("failed"), finding("warned", "b"), finding("warned", "c"), audience=BERLIN, mode="enforce")
        )
    )

    assert line == "Session Reaper: 2 of your sessions are about to be stopped, 1 could not be stopped"


def test_a_long_subject_ends_with_a_whole_count():
    many = [finding(outcome.value, outcome.value) for outcome in Outcome]

    assert subject(typed(report(*many))) == (
        "Session Reaper, report mode: 1 could not be stopped, 1 still running after a stop, 1 stopped, ..."
    )


def test_what_nobody_owns_is_not_called_the_readers():
    audience = {**BERLIN, "teams": ["unowned"], "default": True}
    text = told(finding("warned", team="unowned"), finding("warned", "b", team="unowned"), audience=audience)

    assert text.startswith("2 of the sessions nobody is known to own are about to be stopped.\n")
    assert "\nTeam unowned: glue (2)\n" in text
    assert subject(typed(report(finding("warned"), audience=audience, mode="enforce"))) == (
        "Session Reaper: a session nobody is known to own: nightly is warned of"
    )


def test_the_platform_is_told_by_owner_and_service_the_most_important_first():
    text = told(
        finding("reported", "a", team="data"),
        finding("failed", "b", facts={**FACTS, "owner": "zoe"}),
        finding("stopped", "c", team="data", ref=ref("c", service="athena")),
        finding("warned", "d", team="data"),
        finding("spared", "e", facts={}),
        finding("stopped", "f", facts={**FACTS, "owner": "bo"}),
        audience={**BERLIN, "key": "platform", "medium": "platform"},
        owners={"resolved": 3, "unresolved": 2},
    )

    headings = [line for line in text.splitlines() if line.startswith(("Team", "Owner"))]
    assert headings == [
        "Owner zoe: glue (1)",
        "Team data: athena (1)",
        "Team data: glue (2)",
        "Owner bo: glue (1)",
        "Owner unknown: glue (1)",
    ]
    assert text.index("- d is warned of") < text.index("- a is reported")
    assert "\n2 sessions of these have no owner that owners.yaml names.\n" in text


def test_troubles_come_before_everything_that_was_found():
    text = told(
        finding("failed"),
        blind=[blind()],
        guards=[
            {"service": "glue", "account": "1", "region": "r", "detail": "too many stops at once: raise max_stops"}
        ],
        notes=["a note"],
        audience={**BERLIN, "medium": "platform"},
    )

    places = [text.index(words) for words in ("COULD NOT BE READ", "GUARDS that hold", "NOTES", "Owner alice")]
    assert places == sorted(places)
    assert "GUARDS that hold back every stop of a place (1)\n- glue in 1 r\n    too many stops at once: raise" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"outcome": "warned"},
            "It is stopped at the first sweep after Sun 1 Mar 11:45 CET, unless it is used before.",
        ),
        ({"outcome": "warned", "due": None}, "Nothing yet: this is a warning, and no stop is planned."),
        (
            {
                "outcome": "snoozed",
                "snooze": SNOOZE,
            },
            "by bo next It is kept until Sun 1 Mar 16:00 CET (snooze 2). Then it is stopped, unless it is used before.",
        ),
        ({"outcome": "snoozed"}, "It is kept for a while, as somebody asked."),
        ({"outcome": "withheld"}, "It is stopped once the guard allows it, unless it is used before."),
        ({"outcome": "not_stopping"}, "The service accepted the stop, and it runs on: somebody should look at it."),
        ({"outcome": "would_stop"}, "Nothing: its policy only says what it would stop."),
    ],
)
def test_each_session_says_what_happens_next_and_when(change, words):
    assert words in " ".join(told({**finding("warned", **WARNED), **change}).split())


def test_in_report_mode_nothing_is_said_to_be_stopped():
    text = " ".join(told(finding("warned", **WARNED), mode="report").split())

    assert text.startswith("Your session nightly would be stopped before long. In report mode nothing is stopped.")
    assert "In enforce mode it would be stopped at the first sweep after Sun 1 Mar 11:45 CET." in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"links": None, "due": "2026-03-01T10:45:00Z"},
            "tag it session-reaper/keep-until with a date, such as 2026-03-08\n",
        ),
        ({"links": {"answer": "https://x/\nSTOPPED"}}, "tag it session-reaper/keep-until with a date"),
        ({"snooze_limit": {"max": 3600, "left": 1}}, "(1 snooze left, of up to 1h):\n    https://answers"),
        ({"snooze_limit": {"max": 3600, "left": 0}}, "no snooze is left, so tag it session-reaper/keep-until"),
        ({"snooze_limit": None}, "keep  it, or stop it now, on this page:\n    https://answers"),
    ],
)
def test_each_session_says_how_to_keep_it(change, words):
    assert words in told({**finding("warned", **WARNED), **change})


def test_durations_and_costs_claim_no_more_than_a_reader_needs():
    text = told(finding("stopped", facts={**FACTS, "idle_for": 7261, "age": 359, "idle_cost": 0.004}))

    assert "    idle  for 2h1m, 5m59s old, state READY\n    cost  2.20 USD an hour\n" in text


def test_what_no_policy_stops_is_not_said_to_be_kept():
    for change in ({"verdict": "report"}, {"outcome": "stopped"}, {"outcome": "protected"}):
        assert "keep  " not in told({**finding("warned", **WARNED), **change})


instant = datetime.fromisoformat


class TestTimes:
    @pytest.mark.parametrize(
        ("timezone", "expected"),
        [
            ("Europe/Berlin", "Sun 29 Mar 03:30 CEST"),
            ("America/New_York", "Sat 28 Mar 21:30 EDT"),
            ("Asia/Istanbul", "Sun 29 Mar 04:30 UTC+03"),
            ("Mars/Base", "Sun 29 Mar 01:30 UTC"),
            ("../../etc/passwd", "Sun 29 Mar 01:30 UTC"),
            ("", "Sun 29 Mar 01:30 UTC"),
        ],
    )
    def test_an_instant_is_told_in_the_readers_timezone_named(self, timezone, expected):
        assert Clock(timezone, instant("2026-03-01T10:00:00Z")).at(instant("2026-03-29T01:30:00Z")) == expected

    def test_another_year_is_told(self):
        assert (
            Clock("UTC", instant("2026-12-31T10:00:00Z")).at(instant("2027-01-01T10:00:00Z"))
            == "Fri 1 Jan 2027 10:00 UTC"
        )

    @pytest.mark.parametrize(
        ("timezone", "text"),
        [("America/New_York", "0001-01-01T00:00:00Z"), ("Europe/Berlin", "9999-12-31T23:59:59Z")],
    )
    def test_what_a_timezone_cannot_tell_is_told_as_it_is(self, timezone, text):
        assert Clock(timezone).at(instant(text)).endswith("UTC")
        assert Clock(timezone).day_after(instant(text), 7).isprintable()

    def test_what_looks_like_an_instant_and_is_none_stays_as_it_is(self):
        assert Clock("UTC").within("at 2026-99-99T99:99:99Z") == "at 2026-99-99T99:99:99Z"

    def test_instants_within_words_are_told_too(self):
        clock = Clock("Europe/Berlin", instant("2026-03-01T10:00:00Z"))

        assert clock.within("seen 2026-03-01T10:00:00Z, kept until 2026-11-28") == (
            "seen Sun 1 Mar 11:00 CET, kept until 2026-11-28"
        )


class TestHostileNames:
    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ("a\r\nSTOPPED (9)\x1b[2J", r"a\r\nSTOPPED (9)\x1b[2J"),
            ("a\u202eb\u2066c\u2028d\u200be\ufeff", r"a\u202eb\u2066c\u2028d\u200be\ufeff"),
            ("a\u3164b\ufe0f", r"a\u3164b\ufe0f"),
            ("Z\u0301\u0302\u0303\u0304\u0305\u0306", "Z\u0301\u0302\u0303"),
            ("https://evil.example/x", "https[:]//evil.example/x"),
            ("go to WWW.evil.example", "go to WWW[.]evil.example"),
            ("\u4f1a\u8bae <script>", "\u4f1a\u8bae <script>"),
            ("x" * 10_000, "x" * 200 + "..."),
        ],
    )
    def test_a_name_is_rendered_harmless(self, written, expected):
        assert shown(written) == expected

    HOSTILE = st.text(st.characters(codec=None), max_size=30).map(lambda text: text * 40).filter(
        bool
    ) | st.sampled_from(
        [
            "\nFrom: x",
            "\r\n\r\n- nightly is protected",
            "https://evil.example " * 9,
            "\u4f1a" * 300,
            "- STOPPED (9)\n----",
        ]
    )

    @given(
        HOSTILE,
        st.sampled_from(list(Outcome)).map(str),
        st.booleans(),
        st.sampled_from(["platform", "email"]),
    )
    def test_no_name_breaks_a_line_adds_one_or_makes_it_too_long(self, text, outcome, news, medium):
        hostile = finding(
            outcome,
            ref=ref(text, region=text, scope={text: text}),
            facts={**FACTS, "name": text, "owner": text, "state": text},
            policy=text, detail=text, evidence=text, idle_since="2026-03-01T09:00:00Z", due="2026-03-01T10:45:00Z",
            team="data", news=news,
            snooze={**SNOOZE, "by": text}, avoided_basis=text, avoided_cost=1,
            links={"answer": f"https://x/{text}"},
        )  # fmt: skip
        mail = told(
            hostile, audience={**BERLIN, "medium": medium}, notes=[text], blind=[blind(error=text, region=text)]
        )
        lines = mail.splitlines()

        assert mail.count("\n") == len(lines)
        assert all(line.isprintable() and width(line) <= WIDTH for line in lines)
        assert "evil.example" not in mail or "://evil" not in mail
        assert not any(line.startswith(("From", "STOPPED")) for line in lines)
        assert len(subject(typed(report(hostile, audience=BERLIN)))) < 100

    @given(st.text(st.characters(exclude_categories=("C", "Z")), max_size=300), st.integers(0, 20))
    def test_wrapping_loses_nothing_and_keeps_within_the_width(self, text, indent):
        lines = wrapped(text, "- ", " " * indent).splitlines()

        assert "".join(line[2 if not number else indent :] for number, line in enumerate(lines)) == text
        assert all(width(line) <= WIDTH for line in lines)


def width(line: str) -> int:
    """Columns, counted apart from the code under test: what is not Latin, Greek or Cyrillic may take two."""
    from unicodedata import east_asian_width  # noqa: PLC0415

    return sum(2 if east_asian_width(char) in {"W", "F"} else 1 for char in line)


def test_a_long_word_is_broken_in_time_that_grows_with_its_length():
    assert cost(wrapped, "\u6f22" * 16_000, 1) < 60 * cost(wrapped, "\u6f22" * 1_000, 1)
