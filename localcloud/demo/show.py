"""What the demo prints: progress with the time it takes, tables that fit, the mail, the promises."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from localcloud.demo.checks import Check
from localcloud.demo.stage import Performance
from localcloud.demo.world import CHARACTERS, LEFT_ALONE
from reaper.core import durations

_PIPED_WIDTH: Final = 120
_LONGEST_ID: Final = 28
_STYLES: Final = {
    "stopped": "bold red",
    "spared": "bold green",
    "protected": "green",
    "undetermined": "yellow",
    "reported": "cyan",
    "could not be read": "bold yellow",
    LEFT_ALONE: "dim",
}
"""Every outcome that is to be, in the order the table has them; one that is not to be comes first."""
_RANK: Final = {outcome: rank for rank, outcome in enumerate(_STYLES)}


class Show:
    """Prints to stdout. Plain, with nothing but text, where that is no terminal or NO_COLOR is set."""

    def __init__(self) -> None:
        """The clock of the progress lines starts now."""
        wide = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else _PIPED_WIDTH
        self._console = Console(width=wide, highlight=False, markup=False, emoji=False, soft_wrap=False)
        self._started = time.monotonic()

    def say(self, text: str = "", style: str = "") -> None:
        """Print a line."""
        self._console.print(text, style=style)

    def head(self, text: str) -> None:
        """Print a heading."""
        self._console.print(f"\n{text}", style="bold")

    @contextmanager
    def step(self, text: str) -> Iterator[Callable[[], None]]:
        """Print that something is being done, and how long it took. Calling what this gives shows that it goes on."""
        began = time.monotonic()
        self._console.print(f"[{began - self._started:4.0f} s] {text} ", end="")
        self._flush()
        try:
            yield self._tick
        except BaseException:
            self._console.print()
            raise
        self._console.print(f"({time.monotonic() - began:.1f} s)", style="dim")

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def cast(self) -> None:
        """Print who is on the stage."""
        table = self._table("service", "session", "what is the matter with it")
        for one in CHARACTERS:
            table.add_row(one.service, _short(one.id), one.matter)
        self._print(table)

    def results(self, seen: Performance) -> None:
        """Print what became of everyone, and why: what the report says, then those it has nothing to say about."""
        table = self._table("outcome", "service", "session", "why")
        for outcome, service, name, why in sorted(_rows(seen), key=lambda row: _RANK.get(row[0], -1)):
            table.add_row(Text(outcome, _STYLES.get(outcome, "bold")), service, _short(name), why)
        self._print(table)

    def mail(self, mail: Mapping[str, str]) -> None:
        """Print a mail as it was delivered."""
        for line in (f"To: {mail['to']}", f"Subject: {mail['subject']}", "", *mail["text"].splitlines()):
            self._console.print(Text(f"  | {line}"), soft_wrap=not self._console.is_terminal)

    def promises(self, checks: list[Check]) -> None:
        """Print each promise, and what happened instead where it was not kept."""
        for one in checks:
            self._console.print(Text("  ok  " if one.kept else "  NO  ", "green" if one.kept else "bold red"), end="")
            self._console.print(one.promise if one.kept else f"{one.promise}: {one.wrong}")

    def _table(self, *columns: str) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, no_wrap=column in {"outcome", "service"}, overflow="fold")
        return table

    def _print(self, table: Table) -> None:
        with self._console.capture() as printed:
            self._console.print(Padding(table, (0, 0, 0, 2)))
        # A table fills its lines up with blanks, which is nothing to leave in a file.
        self._console.file.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())

    def _tick(self) -> None:
        self._console.print(".", end="")
        self._flush()

    def _flush(self) -> None:
        self._console.file.flush()


def _rows(seen: Performance) -> Iterator[tuple[str, str, str, str]]:
    """Outcome, service, name and reason of everyone, the unreadable included."""
    report = seen.delivered.report
    for finding in report["findings"]:
        yield finding["outcome"], finding["ref"]["service"], finding["ref"]["id"], _why(finding)
    for blind in report["blind"]:
        where = " ".join(f"{part} {name}" for part, name in blind["scope"].items())
        yield "could not be read", blind["service"], where, blind["error"]
    told = {(finding["ref"]["service"], finding["ref"]["id"]) for finding in report["findings"]}
    for one in CHARACTERS:
        if (one.service, one.id) not in told:
            yield LEFT_ALONE, one.service, one.id, f"{one.matter}: {'in use' if one.at_work else 'no policy applies'}"


def _why(finding: Mapping[str, Any]) -> str:
    """The report's own reason, with what a stop is about: how long it was idle, and what that has cost."""
    if finding["outcome"] == "spared":
        return f"woke up: {finding['detail']}"
    if finding["outcome"] != "stopped":
        return _once(finding["detail"])
    idle, cost = finding["facts"].get("idle_for"), finding["facts"].get("idle_cost")
    since = f"idle for {durations.format(idle - idle % 60)}" if isinstance(idle, int | float) else "idle"
    wasted = f", about {cost:.2f} USD so far" if isinstance(cost, int | float) else ""
    return f"{since}{wasted}: {finding['detail']}"


def _once(detail: str) -> str:
    """A reason that holds for several facts, told once: ``phase: why; idle_for: why`` is ``why``."""
    reasons = [part.partition(": ")[2] for part in detail.split("; ")]
    return reasons[0] if len(reasons) > 1 and reasons[0] and len(set(reasons)) == 1 else detail


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_ID else f"{name[: _LONGEST_ID - 2]}.."
