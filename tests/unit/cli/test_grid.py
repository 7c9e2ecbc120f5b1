"""The forms of a table, cell by cell."""

from __future__ import annotations

import csv
import io

import pytest

from reaper.cli.console import Surface
from reaper.cli.grid import Card, Grid, Stack, comma_separated, display_width, markdown, markdown_text, plain, stacked


def test_piped_tables_are_aligned_and_leave_out_columns_that_say_nothing():
    grid = Grid(("ID", "NAME", "IDLE"), (("a", "", "8h"), ("a-long-id", "", "5m")))
    assert plain(grid) == "ID         IDLE\na          8h\na-long-id  5m\n"


def test_piped_tables_never_cut_a_cell():
    long_id = "x" * 300
    assert long_id in plain(Grid(("ID",), ((long_id,),)))


def test_wide_characters_take_two_columns():
    assert display_width("東京") == 4
    assert plain(Grid(("A", "B"), (("東京", "x"), ("abcd", "y")))) == "A     B\n東京  x\nabcd  y\n"


def test_markdown_cells_are_text_and_nothing_else():
    grid = Grid(("NAME",), (("a|b [x](http://evil) <img> *b* `c`",),))
    assert markdown(grid).splitlines()[2] == "| a\\|b \\[x\\](http:\u2060//evil) &lt;img&gt; \\*b\\* \\`c\\` |"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@here and @ana", "@\u2060here and @\u2060ana"),
        ("ana@example.com", "ana@example.com"),
        ("closes #12, GH-7", "closes #\u206012, GH-\u20607"),
        ("https://evil.example", "https:\u2060//evil.example"),
        ("www.evil.example", "www\u2060.evil.example"),
        ("mailto:a", "mailto:\u2060a"),
        ("~~gone~~ __bold__", "\\~\\~gone\\~\\~ \\_\\_bold\\_\\_"),
        (":tada: at 10:00:00", ":\u2060tada: at 10:00:00"),
    ],
)
def test_nothing_in_a_markdown_cell_acts(text: str, shown: str):
    assert markdown_text(text) == shown


@pytest.mark.parametrize(
    "formula",
    ["=cmd()", "+1", "-1", "@SUM(A1)", "  =late", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)"],
    ids=ascii,
)
def test_csv_texts_that_a_spreadsheet_would_run_are_defused(formula: str):
    assert list(csv.reader(io.StringIO(comma_separated(["owner"], [[formula]]))))[1] == [f"'{formula}"]


def test_csv_numbers_stay_numbers_and_absence_stays_empty():
    assert comma_separated(["a", "b", "c"], [[3, -0.5, None]]) == "a,b,c\n3,-0.5,\n"


def test_csv_texts_with_commas_and_quotes_are_quoted_and_control_characters_escaped():
    assert comma_separated(["a"], [['x, "y"\x1b']]) == 'a\n"x, ""y""\\x1b"\n'


STACK = Stack(
    "Stopped (1)",
    ("SESSION", "IDLE"),
    (Card(("8f1c2a3b-0000-4000-8000-000000000001", "8h"), ("a note that is too long for thirty columns",)),),
)


def test_no_line_on_a_terminal_is_wider_than_it_but_for_an_id_that_cannot_be_cut():
    lines = stacked([STACK], Surface(width=30), 30).splitlines()
    assert lines == [
        "Stopped (1)",
        "SESSION                   IDLE",
        "8f1c2a3b-0000-4000-8000-000000000001",
        "                          8h",
        "  a note that is too long for",
        "    thirty columns",
    ]


def test_a_terminal_without_colour_gets_no_escape_sequence():
    assert "\x1b" not in stacked([STACK], Surface(width=80, colour=False), 80)
    assert "\x1b[1m" in stacked([STACK], Surface(width=80, colour=True), 80)
