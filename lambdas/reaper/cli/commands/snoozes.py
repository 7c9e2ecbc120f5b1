"""``reaper snoozes``."""

from __future__ import annotations

import time

import click

from reaper.cli.console import Destination, say
from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.options import FORMATS, output_options
from reaper.cli.remembered import ledger_options, open_remembered
from reaper.cli.render_snoozes import render_snoozes, snoozes_document, summary
from reaper.cli.text import clean
from reaper.sweep.ports import LedgerError

EPILOG = """\b
Examples:
  reaper snoozes --ledger sessions
  reaper snoozes --ledger sessions --output json | jq '.snoozes[] | {by, until}'
  reaper snoozes --ledger sessions --all --output csv --output-file snoozes.csv
"""

_FORMAT, _FILE = output_options(FORMATS)


@click.command("snoozes", epilog=EPILOG)
@ledger_options
@_FORMAT
@_FILE
@click.option("--all", "include_ended", is_flag=True, help="Also those that are over, and of sessions that are gone.")
@click.option("-q", "--quiet", is_flag=True, help="No summary; problems are still told.")
def command(  # noqa: PLR0913 - one per option
    ledger: str,
    region: str | None,
    profile: str | None,
    output: str,
    output_file: str | None,
    *,
    include_ended: bool,
    quiet: bool,
) -> int:
    """List the sessions that somebody keeps for a while: which, until when, who said so, and what that costs.

    Changes nothing. Reads the whole ledger (dynamodb:Scan).
    """
    destination = Destination(output_file)
    opened = open_remembered(ledger, region, profile)
    try:
        found = opened.books.remembered(snoozed_only=True)
    except LedgerError as error:
        raise CommandError(clean(error)) from error
    document = snoozes_document(found, time.time(), include_ended=include_ended)
    destination.write(render_snoozes(document, output, destination.surface))
    if not quiet or document["unreadable"]:
        for line in summary(document):
            say(line)
    return ExitCode.LOOK if document["unreadable"] else ExitCode.DONE
