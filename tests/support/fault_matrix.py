"""The fault matrix as a table: at the end of the test session, and in `build/test/fault-matrix.md`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from localcloud.faults import Kind

KINDS: Final[tuple[Kind, ...]] = ("denied", "throttled", "server_error", "timeout", "garbage")
PROPERTY: Final = "fault matrix"
FILE: Final = Path(__file__).resolve().parents[2] / "build" / "test" / "fault-matrix.md"
LEGEND: Final = (
    "What became of a sweep when the calls of a row failed in the way of a column, and how many of the idle sessions were "
    "stopped all the same; never one in use or protected. blind: said to be unseen; undetermined, protected, spared, "
    "withheld: not stopped for want of knowledge; failed: its stop did not work; refused: no sweep at all; noted: told "
    "beside the findings; raised: the invocation failed. timeout: the connection is closed without an answer."
)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show the matrix where any of it was run, and write it down."""
    cells: dict[tuple[str, str], str] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, value in report.user_properties:
                if name == PROPERTY:
                    row, kind, happened = value
                    cells[row, kind] = happened if outcome == "passed" else f"{happened} (FAILED)"
    if not cells:
        return
    rows = list(dict.fromkeys(row for row, _ in cells))
    table = [["", *KINDS], *([row, *(cells.get((row, kind), "not run") for kind in KINDS)] for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table]
    terminalreporter.section(PROPERTY)
    terminalreporter.write_line(LEGEND)
    terminalreporter.write_line("")
    for line in lines:
        terminalreporter.write_line(line.rstrip())
    rule = " | ".join("-" * width for width in widths)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    content = "\n".join(f"| {line} |" for line in [lines[0], rule, *lines[1:]])
    FILE.write_text(f"# Fault matrix\n\n{LEGEND}\n\n{content}\n", encoding="utf-8")
