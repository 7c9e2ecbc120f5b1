"""Rows of text in the forms people and spreadsheets read. Pure: text in, text out."""

from __future__ import annotations

import csv
import io
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reaper.cli.text import clean

if TYPE_CHECKING:
    from reaper.cli.console import Surface

_FORMULA_STARTS = tuple("=+-@＝＋－＠")  # noqa: RUF001 - look-alikes are the point
"""The full-width ones too, which spreadsheets of East Asia take for the others (OWASP, "CSV Injection")."""
_MARKDOWN_SPECIALS = str.maketrans(
    {**{char: f"\\{char}" for char in "\\|`*[]~_"}, "<": "&lt;", ">": "&gt;", "&": "&amp;"}
)
_MARKDOWN_ACTS = re.compile(
    r"(?<!\w)@(?=\w)|#(?=\d)|\bGH-(?=\d)|:(?=//)|\bwww(?=\.)|\b(?:mailto|xmpp):|:(?=[a-z+-][\w+-]*:)", re.IGNORECASE
)
"""What is acted upon once the text is shown, whatever is escaped: mentions, issues, addresses, emoji."""
_WORD_JOINER = "\u2060"
_GAP = "  "
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Grid:
    """Named columns and rows of cells, all cells cleaned."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def without_empty_columns(self) -> Grid:
        """Only the columns in which some row says something."""
        kept = [index for index in range(len(self.columns)) if any(row[index] for row in self.rows)]
        return Grid(
            tuple(self.columns[index] for index in kept),
            tuple(tuple(row[index] for index in kept) for row in self.rows),
        )


@dataclass(frozen=True, slots=True)
class Card:
    """One session on a terminal: a few short cells, the first of which names it, and notes below them."""

    cells: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """Cards under a title, which may be empty."""

    title: str
    columns: tuple[str, ...]
    cards: tuple[Card, ...]


def plain(grid: Grid) -> str:
    """Aligned columns, one row per line, nothing ever cut: what ``grep`` and ``awk`` like. Empty columns are left out."""
    grid = grid.without_empty_columns()
    lines = [grid.columns, *grid.rows]
    widths = [max(display_width(line[index]) for line in lines) for index in range(len(grid.columns))]
    return "".join(_aligned(line, widths) + "\n" for line in lines)


def markdown(grid: Grid) -> str:
    """A GitHub-flavoured table, its cells escaped so that they are text and nothing else."""
    grid = grid.without_empty_columns()
    lines = [grid.columns, ("---",) * len(grid.columns)]
    lines += [tuple(markdown_text(cell) for cell in row) for row in grid.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def markdown_text(text: str) -> str:
    """``text`` with what Markdown would act upon escaped, and what its readers would act upon broken up, invisibly."""
    return _MARKDOWN_ACTS.sub(lambda found: found.group() + _WORD_JOINER, clean(text)).translate(_MARKDOWN_SPECIALS)


def comma_separated(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with a header. A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def stacked(stacks: Sequence[Stack], surface: Surface, width: int) -> str:
    """For a terminal of ``width`` columns: cards, their notes wrapped below them.

    The cell that names a card is never cut: where it is too long for its column, it has a line of its own.
    """
    rows = [row for stack in stacks for row in (stack.columns, *(card.cells for card in stack.cards))]
    widths = [max(display_width(row[index]) for row in rows) for index in range(len(rows[0]))] if rows else []
    if widths:
        widths[0] = max(min(widths[0], width - sum(widths[1:]) - len(_GAP) * (len(widths) - 1)), 1)
    return "\n".join("".join(f"{line}\n" for line in _stack(stack, widths, surface, width)) for stack in stacks)


def wrapped(text: str, width: int, indent: str = "", hang: int = 2) -> list[str]:
    """``text`` in lines of at most ``width`` columns (or a little more than the indent, where that leaves no room)."""
    return textwrap.wrap(
        text,
        max(width, len(indent) + hang + 10),
        initial_indent=indent,
        subsequent_indent=indent + " " * hang,
        break_on_hyphens=False,
    )


def display_width(text: str) -> int:
    """How many terminal cells ``text`` takes: wide East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _stack(stack: Stack, widths: Sequence[int], surface: Surface, width: int) -> Iterator[str]:
    if stack.title:
        yield from (_styled(line, _BOLD, surface) for line in wrapped(stack.title, width))
    yield _styled(_aligned(stack.columns, widths)[:width], _DIM, surface)
    for card in stack.cards:
        cells = card.cells
        if display_width(cells[0]) > widths[0]:
            yield _styled(cells[0], _BOLD, surface)
            cells = ("", *cells[1:])
        yield _aligned(cells, widths)
        for note in card.notes:
            yield from wrapped(note, width, "  ")


def _styled(text: str, style: str, surface: Surface) -> str:
    return f"{style}{text}{_RESET}" if surface.colour else text


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(
        cell + " " * (width - display_width(cell)) for cell, width in zip(cells, widths, strict=True)
    ).rstrip()


def _csv_cell(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, int | float):
        return str(cell)
    text = clean(cell)
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text
