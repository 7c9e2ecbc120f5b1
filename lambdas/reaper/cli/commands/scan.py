"""``reaper scan``."""

from __future__ import annotations

import sys

import click

from reaper.cli.console import Destination, Progress, say
from reaper.cli.errors import ExitCode
from reaper.cli.opening import open_selected
from reaper.cli.options import Common, common_options
from reaper.cli.render_scan import render_scan, summary
from reaper.cli.text import clean
from reaper.core.vocabulary import VOCABULARY, Lens
from reaper.sweep.survey import collect
from reaper.wire.codec import builtins_of
from reaper.wire.common import Ref
from reaper.wire.from_sweep import blind_of, facts_of

SCAN_VERSION = 1

EPILOG = """\b
Examples:
  reaper scan
  reaper scan --service SERVICE --region us-east-1 --region eu-central-1
  reaper scan --output json | jq '.sessions[].facts'
  reaper scan --all --output csv --output-file sessions.csv
"""


@click.command("scan", epilog=EPILOG)
@common_options()
@click.option("--all", "include_ended", is_flag=True, help="Also the sessions that have ended, as far as listed.")
def command(common: Common, *, include_ended: bool) -> int:
    """List the live sessions and every fact that a policy can test, without any policy. Changes nothing.

    A fact shown as - is known to be absent, one shown as ? cannot be known, and why not is told beside it.
    """
    destination = Destination(common.output_file)
    opened = open_selected(common)
    now, lens = common.clock()(), Lens()
    with Progress(sys.stderr, quiet=common.quiet) as progress:
        sessions, blind, absent = collect(opened.providers, include_ended=include_ended, progress=progress)
    document = {
        "schema_version": SCAN_VERSION,
        "sessions": [
            {"ref": builtins_of(Ref.of(session.ref)), "facts": builtins_of(facts_of(session, lens, now, VOCABULARY))}
            for session in sessions
        ],
        "blind": [builtins_of(blind_of(one)) for one in blind],
    }
    destination.write(render_scan(document, common.output, destination.surface))
    if not common.quiet or blind:
        for line in summary(document):
            say(line)
        for line in absent:
            say(clean(line))
    return ExitCode.LOOK if blind else ExitCode.DONE
