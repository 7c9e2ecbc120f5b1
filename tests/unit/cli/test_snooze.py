"""`reaper snooze` and `reaper snoozes` on a ledger in memory: what they change, print, refuse, and how they exit."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from reaper import bootstrap
from reaper.cli.console import Surface
from reaper.cli.main import main
from reaper.cli.render_snoozes import render_snoozes, snoozes_document
from reaper.core.memory import Card, Claim, Memory, Snooze, Unreadable
from reaper.core.outcome import Outcome
from reaper.core.session import SessionRef
from tests.support.ledgers import SCIENCE, T0, MemoryLedger, memory, ref

ANA = "arn:aws:sts::123456789012:assumed-role/data/ana"
HOUR = 3600.0
CARD = Card(name="adhoc", owner="ana@example.com", team="data", hourly_cost=2.2, snooze_max=8 * HOUR, acts=True)


class Books(MemoryLedger):
    """The ledger of the tests, which is searched too."""

    def remembered(self, *, snoozed_only: bool = False) -> tuple[Memory | Unreadable, ...]:
        if snoozed_only:
            return self.snoozes()
        with self._lock:
            self._fail()
            return tuple(one for one in self._memories.values() if isinstance(one, Memory | Unreadable))

    def of(self, which: SessionRef) -> Memory:
        found = self.recall([which])[which]
        assert isinstance(found, Memory)
        return found


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def books(monkeypatch) -> Books:
    books = Books()
    opened = SimpleNamespace(ledger=books, books=books, clients=None, region="eu-central-1")
    monkeypatch.setattr(bootstrap, "open_ledger_alone", lambda *_, **__: opened)
    monkeypatch.setattr(bootstrap, "caller_arn", lambda *_: ANA)
    monkeypatch.setattr("time.time", lambda: T0)
    return books


@pytest.fixture
def reaper(books, capsys):  # noqa: ARG001 - for its ledger
    def run(*arguments: str) -> Result:
        code = main([*arguments, "--ledger", "sessions"])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Result(code, captured.out, captured.err)

    return run


def warned(name: str = "nightly", **change: Any) -> Memory:
    return replace(memory(name), card=CARD, **change)


def kept(until: float, by: str = "ana", times: int = 1) -> Snooze:
    return Snooze(until=until, by=by, at=T0 - HOUR, times=times)


# --- snooze


def test_a_session_is_kept_on_record_of_who_asked(books, reaper):
    books.write([warned()])

    result = reaper("snooze", "nightly", "--for", "4h")

    assert (result.code, result.err) == (0, "")
    assert books.of(ref()).snooze == Snooze(until=T0 + 4 * HOUR, by=ANA, at=T0, times=1)
    assert result.out.splitlines() == [
        "Kept until 2026-03-01 16:00:00 UTC, for 4h: glue 123456789012 eu-central-1 nightly",
        "It can be snoozed 2 more times, for at most 8h each.",
        "To keep it no longer: reaper snooze glue/123456789012/eu-central-1/nightly --end --ledger sessions",
    ]


def test_it_is_kept_until_a_moment_in_any_timezone(books, reaper):
    books.write([warned()])

    assert reaper("snooze", "nightly", "--until", "2026-03-01T15:30:00+01:00").code == 0
    assert books.of(ref()).snooze.until == T0 + 2.5 * HOUR


def test_what_it_prints_to_undo_it_does_undo_it(books, reaper):
    books.write([warned(), replace(memory(), ref=SCIENCE, card=CARD)])
    undo = reaper("snooze", "8f1c", "--for", "1h").out.splitlines()[-1].partition("reaper ")[2].split()

    result = reaper(*undo[:-2])

    assert books.of(SCIENCE).snooze == Snooze(until=T0, by=ANA, at=T0, times=1)
    assert result.out == (
        "No longer kept, so the next sweep decides (1 snooze of 3 used):"
        " athena 123456789012 eu-central-1 workgroup=science 8f1c\n"
    )


def test_where_the_ledger_is_belongs_to_how_to_undo_it(books, reaper):
    books.write([warned()])

    result = reaper("snooze", "nightly", "--for", "1h", "--region", "us-east-1", "--profile", "my team")

    assert result.out.endswith("--end --ledger sessions --region us-east-1 --profile 'my team'\n")


def test_the_last_snooze_is_told_to_be_the_last(books, reaper):
    books.write([warned(snooze=kept(T0 - 60, times=2))])

    assert "It cannot be snoozed again.\n" in reaper("snooze", "nightly", "--for", "1h").out


def test_what_would_not_have_been_stopped_is_no_false_alarm(books, reaper):
    books.write([replace(warned(), card=replace(CARD, acts=False))])

    assert "sweeps only report it, and stop nothing" in reaper("snooze", "nightly", "--for", "1h").out


def test_a_snooze_that_may_come_too_late_says_so(books, reaper):
    books.write([warned(claim=Claim(run_id="r", at=T0 - 5, policy="p"))])

    result = reaper("snooze", "nightly", "--for", "1h")

    assert result.code == 0
    assert "A sweep is about to stop it at this very moment" in result.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nightly"], "say how long to keep it, with one of --for 4h, --until 2026-03-02T09:00:00Z and --end"),
        (["nightly", "--for", "4h", "--end"], "say how long to keep it"),
        (["nightly", "--for", "4"], "`4` has no unit; 4 of what?"),
        (["nightly", "--for", "4 hours"], "`4 hours` is not a duration; write 4h"),
        (["nightly", "--for", "-4h"], "`-4h` is negative"),
        (["nightly", "--until", "tomorrow"], "'tomorrow' is no RFC 3339 date-time"),
        (["nightly", "--for", "0s"], "nightly: A snooze has to end in the future."),
        (["nightly", "--until", "2026-03-01T11:00:00Z"], "nightly: A snooze has to end in the future."),
        (["nightly", "--for", "9h"], "nightly: Its policy allows a snooze of at most 8h at a time."),
        (["nightly", "--end"], "nightly: It is not snoozed."),
        (["over", "--end"], "over: It is not snoozed."),
        (["used-up", "--for", "1h"], "used-up: It has been kept 3 times, which is all that its policy allows."),
        (["stopped", "--for", "1h"], "stopped: It has been stopped already."),
        (["nightli", "--for", "1h"], "no session 'nightli'; did you mean `nightly`?"),
        (["", "--for", "1h"], "the id is empty"),
        (["\x1b[31mred", "--for", "1h"], "no session '\\\\x1b[31mred'"),
        (["nightly", "--service", "athena", "--for", "1h"], "the ledger knows no session 'nightly' of athena"),
        (["glue/1/eu-central-1/nightly", "--for", "1h"], "no session 'glue/1/eu-central-1/nightly'"),
        (["garbled", "--for", "1h"], "garbled: held_since is no number"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_a_sentence_and_changes_nothing(books, reaper, arguments, sentence):
    books.write(
        [
            warned(),
            warned("over", snooze=kept(T0 - 60)),
            warned("used-up", snooze=kept(T0 - 60, times=3)),
            warned("stopped", outcome=Outcome.STOPPED, stopped_at=T0 - 60),
        ]
    )
    books.spoil(ref("garbled"), "held_since is no number")
    before = books.remembered()

    result = reaper("snooze", *arguments)

    assert (result.code, result.out) == (1, "")
    assert sentence in result.err
    assert "\x1b" not in result.err
    assert books.remembered() == before


def test_of_several_sessions_one_has_to_be_named_in_full(books, reaper):
    elsewhere = SessionRef("glue", "123456789012", "us-east-1", (), "nightly")
    books.write([warned(), replace(warned(), ref=elsewhere)])

    result = reaper("snooze", "nightly", "--for", "1h")

    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines() == [
        "  glue/123456789012/eu-central-1/nightly",
        "  glue/123456789012/us-east-1/nightly",
        "reaper: 2 sessions match 'nightly': give the whole name of the one you mean instead",
    ]
    assert reaper("snooze", "glue/123456789012/us-east-1/nightly", "--for", "1h").code == 0
    assert books.of(elsewhere).snooze is not None
    assert books.of(ref()).snooze is None


def test_a_beginning_of_an_id_is_enough_while_no_other_shares_it(books, reaper):
    books.write([warned("nightly-1"), warned("nightly-2"), warned("nightly")])

    assert reaper("snooze", "nightly-2", "--for", "1h").code == 0
    assert reaper("snooze", "nightly-", "--for", "1h").code == 1
    assert reaper("snooze", "nightly", "--for", "1h").code == 0
    assert [books.of(ref(name)).snooze is not None for name in ("nightly", "nightly-1", "nightly-2")] == [
        True,
        False,
        True,
    ]


def test_one_that_is_gone_is_not_meant_while_another_is_there(books, reaper):
    books.write([warned(outcome=Outcome.CONFIRMED), replace(warned(), ref=replace(ref(), region="us-east-1"))])

    assert reaper("snooze", "nightly", "--for", "1h").code == 0
    assert books.of(ref()).snooze is None


def test_a_ledger_that_cannot_be_used_is_told_in_a_sentence(books, reaper):
    books.trouble = "the ledger (table sessions, eu-central-1) could not be used: there is no such table"

    for arguments in (["snooze", "nightly", "--for", "1h"], ["snooze", "a/b/c/d", "--end"], ["snoozes"]):
        assert reaper(*arguments) == Result(1, "", f"reaper: {books.trouble}\n")


def test_nothing_is_changed_by_somebody_nobody_knows(books, reaper, monkeypatch):
    def refuse(*_):
        raise bootstrap.StartError("sts:GetCallerIdentity needs credentials: set them up")

    monkeypatch.setattr(bootstrap, "caller_arn", refuse)
    books.write([warned()])

    assert reaper("snooze", "nightly", "--for", "1h") == Result(
        1, "", "reaper: sts:GetCallerIdentity needs credentials: set them up\n"
    )
    assert books.of(ref()).snooze is None


# --- snoozes


def snoozed_world(books):
    books.write(
        [
            warned("b", snooze=kept(T0 + 2 * HOUR)),
            replace(memory("a"), snooze=kept(T0 + HOUR, by="<script>\x1b[31m@channel", times=3)),
            warned("over", snooze=kept(T0 - 60)),
            warned("gone", snooze=kept(T0 + HOUR), outcome=Outcome.CONFIRMED),
            warned("never"),
        ]
    )


def test_what_is_kept_is_listed_that_which_ends_first_at_the_top(books, reaper):
    snoozed_world(books)

    result = reaper("snoozes", "--output", "json")

    assert result.code == 0
    assert [one["ref"]["id"] for one in result.json["snoozes"]] == ["a", "b"]
    assert result.json["snoozes"][1] == {
        "ref": {"service": "glue", "account": "123456789012", "region": "eu-central-1", "scope": {}, "id": "b"},
        "ledger_name": "glue/123456789012/eu-central-1/b",
        "name": "adhoc",
        "owner": "ana@example.com",
        "team": "data",
        "policy": "glue-idle",
        "until": "2026-03-01T14:00:00Z",
        "by": "ana",
        "since": "2026-03-01T11:00:00Z",
        "state": "active",
        "used": 1,
        "allowed": 3,
        "hourly_cost": 2.2,
    }
    assert result.err == "2 sessions are snoozed, which costs about 2.20 USD an hour (an estimate).\n"


def test_those_that_are_over_are_listed_when_asked_for(books, reaper):
    snoozed_world(books)

    listed = reaper("snoozes", "--all", "--output", "json").json["snoozes"]

    assert {one["ref"]["id"]: one["state"] for one in listed} == {
        "a": "active",
        "b": "active",
        "over": "over",
        "gone": "gone",
    }


def test_a_pipe_gets_a_line_for_each(books, reaper):
    snoozed_world(books)

    _, hostile, line = (" ".join(one.split()) for one in reaper("snoozes").out.splitlines())

    assert line == (
        "glue 123456789012 eu-central-1 b adhoc ana@example.com data"
        " 2026-03-01 14:00:00 UTC active ana 2026-03-01 11:00:00 UTC 1 of 3 2.20"
    )
    assert hostile == (
        "glue 123456789012 eu-central-1 a - - -"
        " 2026-03-01 13:00:00 UTC active <script>\\x1b[31m@channel 2026-03-01 11:00:00 UTC 3 of 3 -"
    )


@pytest.mark.parametrize("output", ["table", "json", "jsonl", "csv", "markdown"])
def test_no_format_hides_what_could_not_be_read_nor_does_the_exit_code(books, reaper, output):
    books.spoil(ref("garbled"), "held_since is no number")

    result = reaper("snoozes", "--output", output, "-q")

    assert result.code == 2
    assert "garbled" in result.out
    assert "held_since is no number" in result.out.replace("\\_", "_")
    assert "1 session COULD NOT BE READ, and may be snoozed too." in result.err
    assert "\nNo session is snoozed.\n" not in f"\n{result.out}"


@pytest.mark.parametrize("output", ["table", "jsonl", "csv", "markdown"])
def test_no_format_lets_a_stranger_steer_it(books, reaper, output):
    snoozed_world(books)

    out = reaper("snoozes", "--output", output).out

    assert "\x1b" not in out
    assert output != "markdown" or "&lt;script&gt;" in out


def test_nothing_snoozed_is_no_empty_page(books, reaper):
    books.write([warned()])

    assert reaper("snoozes") == Result(0, "No session is snoozed.\n", "0 sessions are snoozed.\n")


def test_a_terminal_of_eighty_columns_shows_who_and_when_on_no_wider_line(books):
    snoozed_world(books)
    text = render_snoozes(snoozes_document(books.snoozes(), T0, include_ended=True), "table", Surface(width=80))

    assert max(map(len, text.splitlines())) <= 80
    assert "snoozed by ana at 2026-03-01 11:00:00 UTC" in text
