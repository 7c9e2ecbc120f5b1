"""``reaper validate``."""

from __future__ import annotations

import click

from reaper.cli.console import Destination, say
from reaper.cli.errors import ExitCode
from reaper.cli.options import output_options
from reaper.cli.policy_file import Checked, CheckedOwners, check_any
from reaper.cli.render_rows import as_json
from reaper.cli.text import count

EPILOG = """\b
Examples:
  reaper validate policies.yaml
  reaper validate policies.yaml owners.yaml --output json
  cat policies.yaml | reaper validate -
"""
_text_or_json, _output_file = output_options(("table", "json"))


@click.command("validate", epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@_text_or_json
@_output_file
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
def command(files: tuple[str, ...], output: str, output_file: str | None, *, quiet: bool) -> int:
    """Check policy and owners files and print everything that is wrong with them, as file:line:column: path: message.

    - reads standard input. Warnings are marked as such, and do not fail: the exit code is 1 when there is any error,
    else 0. No cloud is asked anything.
    """
    destination = Destination(output_file)
    checked = [check_any(file) for file in files]
    if output == "json":
        destination.write(as_json({"schema_version": 1, "files": [_json(one) for one in checked]}))
    else:
        destination.write("".join(f"{line}\n" for one in checked for line in one.lines()))
    if not quiet:
        for one in checked:
            say(_summary(one))
    return ExitCode.COULD_NOT_START if any(one.errors for one in checked) else ExitCode.DONE


def _summary(checked: Checked | CheckedOwners) -> str:
    warnings = len(checked.problems) - checked.errors
    also = f", {count(warnings, 'warning')}" if warnings else ""
    if checked.book is None:
        return f"{checked.name}: {count(checked.errors, 'error')}{also}"
    if isinstance(checked, CheckedOwners):
        entries = count(len(checked.book.entries), "entry", "entries")
        return f"{checked.name}: valid, {entries}{also}"
    return f"{checked.name}: valid, {count(len(checked.book.policies), 'policy', 'policies')}{also}"


def _json(checked: Checked | CheckedOwners) -> dict[str, object]:
    return {
        "file": checked.name,
        "valid": checked.book is not None,
        "problems": [
            {
                "severity": problem.severity.value,
                "line": problem.line,
                "column": problem.column,
                "path": problem.path,
                "message": problem.message,
                "hint": problem.hint,
            }
            for problem in checked.problems
        ],
    }
