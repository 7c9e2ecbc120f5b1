"""Where output goes, and what happens where it cannot go."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from reaper.cli.console import Destination, Progress, Surface, surface_of, write_file
from reaper.cli.errors import CommandError, ExitCode


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_pipe_and_a_file_are_plain():
    assert surface_of(io.StringIO()) == Surface(width=None, colour=False)
    assert surface_of(Terminal(), "report.txt") == Surface(width=None, colour=False)


def test_a_terminal_has_its_columns_and_colour():
    assert surface_of(Terminal()) == Surface(width=80, colour=True)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_is_left_out_where_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    assert surface_of(Terminal()).colour is False


def test_an_empty_no_color_means_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "")
    assert surface_of(Terminal()).colour is True


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_done(tmp_path: Path):
    with pytest.raises(CommandError, match="is a directory"):
        Destination(str(tmp_path))
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        Destination(str(tmp_path / "missing" / "report.json"))


def test_checking_a_file_leaves_it_and_its_folder_as_they_were(tmp_path: Path):
    target = tmp_path / "report.json"
    target.write_text("old")
    Destination(str(target))
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_file_is_replaced_in_one_piece_and_keeps_its_mode(tmp_path: Path):
    target = tmp_path / "report.json"
    target.write_text("old")
    target.chmod(0o640)
    before = target.stat().st_ino
    write_file(str(target), "new\n")
    assert target.read_text() == "new\n"
    assert target.stat().st_mode & 0o777 == 0o640
    assert target.stat().st_ino != before, "it was written over, so a reader could have seen half of it"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_link_to_a_file_stays_a_link(tmp_path: Path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_file(str(tmp_path / "link"), "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_what_could_not_be_written_after_all_is_printed_and_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "out"
    folder.mkdir()
    destination = Destination(str(folder / "report.json"))
    folder.rmdir()
    with pytest.raises(CommandError, match="it is on standard output instead") as raised:
        destination.write("what came of it\n")
    assert raised.value.code == ExitCode.LOOK
    assert capsys.readouterr().out == "what came of it\n"


def test_a_hyphen_is_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    Destination("-").write("data\n")
    assert capsys.readouterr().out == "data\n"
    assert list(tmp_path.iterdir()) == []


def test_a_device_can_be_written_to():
    write_file("/dev/null", "gone")


def test_progress_is_one_line_that_is_wiped_at_the_end():
    stream = Terminal()
    with Progress(stream, quiet=False) as progress:
        progress("reading \x1b[2J" + "x" * 200)
    drawn = stream.getvalue().split("\r")
    assert drawn[1] == ("reading \\x1b[2J" + "x" * 200)[:79]
    assert drawn[2] == " " * 79
    assert "\n" not in stream.getvalue()


@pytest.mark.parametrize(("stream", "quiet"), [(Terminal(), True), (io.StringIO(), False)])
def test_progress_is_silent_when_asked_to_be_or_when_nobody_watches(stream: io.StringIO, quiet: bool):  # noqa: FBT001
    with Progress(stream, quiet=quiet) as progress:
        progress("reading")
    assert stream.getvalue() == ""
