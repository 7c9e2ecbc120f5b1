"""Recordings as DuckDB reads them, damaged and sound, from a directory and from S3, up to the command itself."""

from __future__ import annotations

import gzip
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import botocore.session
import duckdb
import pytest
from botocore.config import Config
from hypothesis import given, settings

from localcloud.client import LocalCloud
from reaper.cli.main import main
from reaper.core.backtest import judge_recorded
from reaper.core.facts import IN_USE
from reaper.core.judge import KEEP, Verdict, VerdictKind, compile_book
from reaper.core.policy.model import PolicyBook
from reaper.core.session import Phase
from reaper.history.keys import key_of
from reaper.history.reader import History
from reaper.history.recorder import SpooledRecorder
from reaper.history.rows import COLUMNS
from reaper.history.sinks import DirectorySink, S3Sink, check_bucket
from reaper.history.sources import Days, DirectorySource, S3Source, UnreadableError, source_of
from reaper.sweep.ports import HistoryError
from reaper.sweep.survey import survey
from tests.support.providers import FakeProvider
from tests.support.sessions import DAY, HOUR, MINUTE, NOW, session
from tests.support.strategies import any_lifted, policies, worlds

_buckets = itertools.count()
STOP = Verdict(VerdictKind.STOP, "idle")
DAY_ONE = "facts/v1/dt=2027-01-15"


@dataclass
class Run:
    run_id: str
    started_at: float


def record(sink, run_id, at, *sessions, verdict=KEEP):
    recorder = SpooledRecorder(sink)
    for one in sessions:
        recorder.record(one, verdict)
    recorder.close(Run(run_id, at))
    return key_of(run_id, at)


def read(where, *days):
    history = History(DirectorySource(where), *days)
    return [(sweep.run_id, sweep.at, [one.ref.id for one in sweep.sessions]) for sweep in history.sweeps()], history


def skipped(history, root):
    return {Path(one.name).relative_to(root).as_posix(): one.why for one in history.skipped}


class TestAsItLies:
    """Nothing but the files is needed to ask questions of them."""

    @pytest.fixture
    def folder(self, tmp_path):
        sink = DirectorySink(tmp_path)
        athena = session("a", service="athena", scope=(("workgroup", "science"),), tags={"env": "dev", "a b": "c"})
        busy = session("b", phase=Phase.BUSY, idle_since=IN_USE)
        record(sink, "r1", NOW, athena, busy, verdict=STOP)
        record(sink, "r2", NOW + DAY, athena)
        record(sink, "r3", NOW + DAY + 60)
        return tmp_path

    def ask(self, folder, query):
        with duckdb.connect() as connection:
            files = str(folder / "facts/v1/*/*.jsonl.gz")
            return connection.execute(query.replace("FACTS", "read_json_auto(?)"), [files]).fetchall()

    def test_the_partition_is_a_date_and_instants_and_tags_read_well(self, folder):
        rows = self.ask(
            folder,
            "SELECT dt, epoch(to_timestamp(sweep_at)), workgroup, tags['env'], policy FROM FACTS"
            " WHERE service = 'athena' ORDER BY sweep_at",
        )

        assert rows == [
            (date(2027, 1, 15), NOW, "science", "dev", "idle"),
            (date(2027, 1, 16), NOW + DAY, "science", "dev", None),
        ]

    def test_what_is_idle_can_be_told_from_what_is_in_use(self, folder):
        query = "SELECT id, in_use, (sweep_at - idle_since) / 3600 FROM FACTS WHERE dt = '2027-01-15' ORDER BY id"

        assert self.ask(folder, query) == [("a", False, 9.0), ("b", True, None)]

    def test_why_a_fact_has_no_value_can_be_asked(self, folder):
        query = "SELECT DISTINCT list_contains(not_asked, 'idle_timeout') FROM FACTS"

        assert self.ask(folder, query) == [(True,)]

    def test_the_columns_come_in_order_and_numbers_are_doubles(self, folder):
        described = {row[0]: row[1] for row in self.ask(folder, "DESCRIBE SELECT * FROM FACTS")}

        assert [name for name in described if name != "dt"] == list(COLUMNS)
        assert {described[name] for name in ("sweep_at", "created_at", "idle_since")} == {"DOUBLE"}


@given(worlds(), policies(lifted=any_lifted))
@settings(max_examples=40)
def test_a_replay_with_the_policies_of_then_gives_the_verdicts_of_then(scripts, found):
    book = compile_book(PolicyBook(policies=tuple(found)))
    verdicts = {}

    with tempfile.TemporaryDirectory() as folder:
        recorder = SpooledRecorder(DirectorySink(Path(folder)))

        def witness(subject, verdict):
            verdicts[subject.ref] = (verdict.kind, verdict.policy, False)
            recorder.record(subject, verdict)

        survey([FakeProvider(scripts)], book, NOW, witness=witness, threads=1)
        recorder.close(Run("r", NOW))
        [sweep] = History(DirectorySource(Path(folder))).sweeps()

    replayed = {}
    for subject in sweep.sessions:
        verdict, not_recorded = judge_recorded(book, subject, sweep.at)
        replayed[subject.ref] = (verdict.kind, verdict.policy, not_recorded)
    assert replayed == verdicts


def test_sweeps_come_in_order_of_time_whatever_their_names_and_folders(tmp_path):
    record(DirectorySink(tmp_path / "b"), "z", NOW, session("s1"))
    record(DirectorySink(tmp_path / "a"), "y", NOW + 0.5, session("s2"))
    record(DirectorySink(tmp_path / "a"), "x", NOW - DAY, session("s0"))
    record(DirectorySink(tmp_path), "w", NOW + 60)

    sweeps, history = read(tmp_path)

    assert sweeps == [("x", NOW - DAY, ["s0"]), ("z", NOW, ["s1"]), ("y", NOW + 0.5, ["s2"]), ("w", NOW + 60, [])]
    assert (history.skipped, history.missing, history.recordings) == ([], (), 4)


@pytest.mark.parametrize("name", ["plain", "h*", "with [brackets] *and? 'quotes'", "dt=2020-01-01", "üñí"])
def test_a_directory_may_have_any_name(tmp_path, name):
    record(DirectorySink(tmp_path / "hh"), "r", NOW, session("elsewhere"))
    record(DirectorySink(tmp_path / name), "r", NOW + 0.5, session("s"))

    assert read(tmp_path / name)[0] == [("r", NOW + 0.5, ["s"])]
    assert read(tmp_path / name / "facts" / "v1")[0] == [("r", NOW + 0.5, ["s"])]
    assert read(tmp_path / name / DAY_ONE)[0] == [("r", NOW + 0.5, ["s"])]


def test_days_outside_the_range_are_left_alone_and_gaps_in_it_are_named(tmp_path):
    sink = DirectorySink(tmp_path)
    for number, days in enumerate((0, 1, 4, 8)):
        record(sink, f"r{number}", NOW + days * DAY)

    _, everything = read(tmp_path)
    some, within = read(tmp_path, date(2027, 1, 14), date(2027, 1, 20))

    assert everything.missing == (
        Days(date(2027, 1, 17), date(2027, 1, 18)),
        Days(date(2027, 1, 20), date(2027, 1, 22)),
    )
    assert [run for run, _, _ in some] == ["r0", "r1", "r2"]
    assert within.missing == (
        Days(date(2027, 1, 14), date(2027, 1, 14)),
        Days(date(2027, 1, 17), date(2027, 1, 18)),
        Days(date(2027, 1, 20), date(2027, 1, 20)),
    )


def line(**more):
    return json.dumps({"schema": 1, "run_id": "bad", "sweep_at": NOW + 60, "service": "glue", "account": "1", "region": "r",
                       "id": "s", "verdict": "keep", "state": "READY", "phase": "idle", **more})  # fmt: skip


def packed(*lines):
    return gzip.compress("".join(f"{one}\n" for one in lines).encode())


SOUND = packed(*(line(id=f"s-{number}", name=f"{number * 7919:x}") for number in range(300)))
GARBLED = "it is garbled: not every line of it is a recorded session"
NEWER = "a newer release wrote it; update reaper to read it"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (SOUND[:-200], "it is cut off: the end is missing"),
        (SOUND[:-4], "it is cut off: the end is missing"),
        (SOUND[:-8] + bytes(4) + SOUND[-4:], "it is garbled: it is not what was compressed"),
        (b"hello", "it is garbled: it is not what was compressed"),
        (line().encode(), "it is garbled: it is not what was compressed"),
        (packed(line(), line()[:40]), GARBLED),
        (packed(line(), "5"), GARBLED),
        (packed(line(), "{}"), GARBLED),
        (packed(line(), line(schema=None)), GARBLED),
        (packed(line(schema=0)), GARBLED),
        (packed(line(schema="x")), GARBLED),
        (packed(line(id=None)), GARBLED),
        (packed(line(phase="asleep")), GARBLED),
        (packed(line(idle_since="yesterday")), GARBLED),
        (packed(line(tags=["env"])), GARBLED),
        (packed(line(sweep_at=None)), GARBLED),
        (packed(line(schema=2)), NEWER),
        (packed(line(schema=2, id={"now": "nested"}, idle_since="2027-01-15T08:00:00Z")), NEWER),
        (packed(line(), line(run_id="other")), "it holds rows of more than one sweep"),
        (packed(line(), line(sweep_at=NOW)), "it holds rows of more than one sweep"),
        (packed(line(sweep_at=NOW + DAY)), "its rows are of another day than the one it lies under"),
        (packed(line(run_id="r1")), "the sweep r1 is recorded elsewhere too, and was read there"),
    ],
)
def test_a_damaged_recording_is_named_and_skipped_and_all_others_are_read(tmp_path, content, why):
    sink = DirectorySink(tmp_path)
    record(sink, "r1", NOW, session("a"))
    record(sink, "r2", NOW + 120, session("b"))
    record(sink, "r3", NOW + 180)
    (tmp_path / DAY_ONE / "080100Z_bad.jsonl.gz").write_bytes(content)

    sweeps, history = read(tmp_path)

    assert sweeps == [("r1", NOW, ["a"]), ("r2", NOW + 120, ["b"]), ("r3", NOW + 180, [])]
    assert skipped(history, tmp_path) == {f"{DAY_ONE}/080100Z_bad.jsonl.gz": why}


def test_columns_that_a_later_release_adds_do_no_harm(tmp_path):
    record(DirectorySink(tmp_path), "r1", NOW, session("a"))
    (tmp_path / DAY_ONE / "080100Z_bad.jsonl.gz").write_bytes(packed(line(flavour={"of": "tomorrow"})))

    assert [run for run, _, _ in read(tmp_path)[0]] == ["r1", "bad"]


def test_what_is_no_recording_is_named_where_it_could_be_taken_for_one(tmp_path):
    record(DirectorySink(tmp_path), "r1", NOW)
    for name in ("README.md", f"{DAY_ONE}/.hidden.jsonl.gz", f"{DAY_ONE}/notes.txt", "facts/odd.jsonl.gz"):
        (tmp_path / name).write_bytes(packed(line()))
    newer = tmp_path / "facts/v2/dt=2027-01-15"
    newer.mkdir(parents=True)
    (newer / "080000Z_r9.jsonl.gz").write_bytes(packed(line()))

    sweeps, history = read(tmp_path)

    assert [run for run, _, _ in sweeps] == ["r1"]
    assert skipped(history, tmp_path) == {
        f"{DAY_ONE}/notes.txt": "it is not named as recordings are",
        "facts/odd.jsonl.gz": "it is not named as recordings are",
        "facts/v2/dt=2027-01-15/080000Z_r9.jsonl.gz": NEWER,
    }


def test_a_place_without_anything_to_read_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(UnreadableError, match="nowhere does not exist"):
        History(DirectorySource(tmp_path / "nowhere"))
    with pytest.raises(UnreadableError, match="file is a file: name the directory it lies in"):
        History(DirectorySource(tmp_path / "file"))
    with pytest.raises(UnreadableError, match=r"s3:// names no bucket: write s3://BUCKET/PREFIX"):
        source_of("s3://", lambda: None)


def test_without_duckdb_there_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)

    with pytest.raises(UnreadableError, match="takes DuckDB, which is not installed here: run `make setup`"):
        History(DirectorySource(tmp_path))


def test_duckdb_draws_no_progress_over_the_data(tmp_path):
    with History(DirectorySource(tmp_path))._connect(str(tmp_path)) as connection:
        assert connection.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud.start() as running:
        yield running


@pytest.fixture
def environment(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    for name, value in cloud.env().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def s3(environment: None) -> Iterator[Any]:  # noqa: ARG001 - it leads there
    client = botocore.session.Session().create_client("s3", region_name="us-east-1", config=Config(proxies={}))
    yield client
    client.close()


@pytest.fixture
def bucket(s3) -> str:
    name = f"history-{next(_buckets)}"
    s3.create_bucket(Bucket=name)
    return name


class TestS3:
    def test_what_is_put_there_reads_back_from_there(self, s3, bucket):
        sink = S3Sink(s3, bucket, "team/a")
        record(sink, "r1", NOW, session("a"), session("b"))
        record(sink, "r2", NOW + DAY, session("a"))
        record(S3Sink(s3, bucket, "team/abc"), "r3", NOW, session("c"))

        history = History(S3Source(s3, bucket, "team/a"))

        assert [(one.run_id, len(one.sessions)) for one in history.sweeps()] == [("r1", 2), ("r2", 1)]
        assert history.skipped == []

    def test_an_object_is_encrypted_and_not_marked_as_compressed(self, s3, bucket):
        key = record(S3Sink(s3, bucket), "r1", NOW)

        head = s3.head_object(Bucket=bucket, Key=key)
        assert (head["ServerSideEncryption"], head["ContentType"]) == ("AES256", "application/gzip")
        assert not head.get("ContentEncoding")

    def test_more_objects_than_one_page_lists_are_all_found(self, s3, bucket):
        for number in range(1005):
            s3.put_object(Bucket=bucket, Key=f"facts/v1/dt=2027-01-15/080000Z_{number}.jsonl.gz", Body=b"")

        found = S3Source(s3, bucket).find(None, None)

        assert len(found.days[date(2027, 1, 15)]) == 1005

    def test_an_object_that_went_away_is_named(self, s3, bucket):
        key = record(S3Sink(s3, bucket), "r1", NOW)
        history = History(S3Source(s3, bucket))
        s3.delete_object(Bucket=bucket, Key=key)

        assert list(history.sweeps()) == []
        [skip] = history.skipped
        assert (skip.name, skip.why) == (f"s3://{bucket}/{key}", "S3 did not give it: NoSuchKey")

    def test_a_bucket_that_is_not_there_is_told_both_ways(self, s3):
        with pytest.raises(UnreadableError, match="there is no bucket no-such-bucket"):
            History(S3Source(s3, "no-such-bucket"))
        with pytest.raises(HistoryError, match="there is no bucket no-such-bucket"):
            record(S3Sink(s3, "no-such-bucket"), "r1", NOW)
        with pytest.raises(HistoryError, match="there is no bucket no-such-bucket: name one that is there"):
            check_bucket(s3, "no-such-bucket")


POLICY = """\
version: 1
policies:
  - name: idle
    when: {idle_for: ">= 30m"}
    then: stop
"""


class TestTheCommand:
    """A session that sat idle for two hours and was then used."""

    @pytest.fixture
    def here(self, tmp_path, monkeypatch):
        (tmp_path / "policies.yaml").write_text(POLICY)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    def story(self, sink):
        for minute in range(0, 150, 30):
            record(sink, f"r{minute}", NOW + minute * MINUTE, session("s-1", created_at=NOW - HOUR, idle_since=NOW))
        later = {"phase": Phase.BUSY, "idle_since": IN_USE, "created_at": NOW - HOUR}
        record(sink, "r150", NOW + 150 * MINUTE, session("s-1", **later))

    def run(self, capsys, *arguments):
        code = main(["backtest", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    def test_it_tells_the_false_stops_by_threshold(self, here, capsys):
        self.story(DirectorySink(here / "history"))

        code, out, err = self.run(capsys, "--history", "history", "--threshold", "1h,4h", "--output", "json")

        found = json.loads(out)
        assert code == 0
        assert [
            (one["threshold"], one["total"]["stops"], one["total"]["false_stops"]) for one in found["variants"]
        ] == [
            (None, 1, 1),
            (3600.0, 1, 1),
            (14400.0, 0, 0),
        ]
        assert [stop["at"] for stop in found["variants"][1]["stops"]] == ["2027-01-15T09:00:00Z"]
        assert "would have stopped 1 session; 1 false stop (used again later)." in err

    @pytest.mark.usefixtures("here")
    def test_it_reads_s3_under_the_users_credentials(self, capsys, s3, bucket):
        self.story(S3Sink(s3, bucket, "team"))

        code, out, _ = self.run(capsys, "--history", f"s3://{bucket}/team", "-q")

        assert code == 0
        assert "USED AGAIN, seen 2027-01-15T10:30:00Z" in out

    def test_fewer_sweeps_can_be_pretended(self, here, capsys):
        self.story(DirectorySink(here / "history"))

        _, out, _ = self.run(capsys, "--history", "history", "--sweep-every", "2h", "--output", "json")

        assert [stop["at"] for stop in json.loads(out)["variants"][0]["stops"]] == ["2027-01-15T10:00:00Z"]

    def test_anything_skipped_or_missing_makes_a_person_look(self, here, capsys):
        self.story(DirectorySink(here / "history"))
        (here / "history" / DAY_ONE / "120000Z_bad.jsonl.gz").write_bytes(b"hello")

        code, out, err = self.run(capsys, "--history", "history", "--from", "2027-01-13", "-q")

        assert code == 2
        assert "120000Z_bad.jsonl.gz: it is garbled" in out
        assert "no recordings: 2027-01-13 to 2027-01-14" in out
        assert "1 recording COULD NOT BE READ" in err

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["--history", "nowhere"], "nowhere does not exist"),
            (["--history", "history", "--to", "2020-01-01"], "there is no recorded sweep in history to 2020-01-01"),
            (["--history", "history", "--from", "2027-01-02", "--to", "2027-01-01"], "--from 2027-01-02 is after --to"),
            (["--history", "history", "--from", "soon"], "'soon' is no date; write it like 2026-03-01"),
            (["--history", "history", "--threshold", "1h,30"], "`30` has no unit"),
            (["--history", "history", "--output", "jsonl"], "'jsonl' is not one of 'table', 'json', 'csv', 'markdown'"),
            ([], "Missing option '--history'"),
            (["--history", "s3:///x"], "names no bucket"),
            (["--history", "s3://no-such-bucket"], "there is no bucket no-such-bucket"),
            (["--history", "history", "-p", "none.yaml"], "none.yaml"),
        ],
    )
    @pytest.mark.usefixtures("environment")
    def test_what_cannot_start_is_one_sentence(self, here, capsys, arguments, sentence):
        (here / "history").mkdir()

        code, out, err = self.run(capsys, *arguments)

        assert (code, out) == (1, "")
        assert sentence in err
        assert "Traceback" not in err
