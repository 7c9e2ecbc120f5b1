"""``reaper backtest``."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import click

from reaper.cli.backtest_document import backtest_document
from reaper.cli.console import Destination, Progress, say
from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.options import Duration, output_options, policy_option
from reaper.cli.policy_file import load_policies
from reaper.cli.render_backtest import FORMATS, render_backtest, summary
from reaper.cli.text import clean
from reaper.core import durations
from reaper.core.backtest import backtest
from reaper.core.vocabulary import Lens

EPILOG = """\b
Examples:
  reaper backtest -p policies.yaml --history s3://BUCKET
  reaper backtest -p policies.yaml --history s3://BUCKET --threshold 30m,1h,2h,4h
  reaper backtest -p policies.yaml --history history/ --from 2026-03-01 --to 2026-03-31
  reaper backtest -p policies.yaml --history history/ --output csv > stops.csv
"""


class Day(click.ParamType[date]):
    """A date, in UTC."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            return self.fail(f"{value!r} is no date; write it like 2026-03-01", param, ctx)


class Durations(click.ParamType[tuple[float, ...]]):
    """Durations with commas between, as seconds."""

    name = "durations"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Seconds, in the order given."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(durations.parse(part.strip()) for part in value.split(","))
        except durations.DurationError as error:
            return self.fail(f"{error}; {error.hint}", param, ctx)


_output, _output_file = output_options(FORMATS)


@click.command("backtest", epilog=EPILOG)
@policy_option
@click.option(
    "--history",
    "where",
    required=True,
    metavar="PATH",
    help="Where sweeps were recorded: s3://BUCKET/PREFIX, or a directory with a copy of it.",
)
@click.option(
    "--from", "first", type=Day(), metavar="DATE", help="Begin with this day (UTC); by default the first recorded."
)
@click.option("--to", "last", type=Day(), metavar="DATE", help="End with this day (UTC); by default the last recorded.")
@click.option(
    "--threshold",
    "limits",
    type=Durations(),
    multiple=True,
    metavar="DURATIONS",
    help="Try these, such as 30m,1h,2h, in place of the idle_for that stop policies ask for.",
)
@click.option(
    "--sweep-every",
    "every",
    type=Duration(),
    metavar="DURATION",
    help="Judge as if sweeps were this far apart, where they were closer together.",
)
@click.option("--profile", metavar="NAME", help="The AWS profile to read S3 with.")
@_output
@_output_file
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; problems are still told.")
def command(  # noqa: PLR0913, PLR0917 - one per option
    policy_path: str | None,
    where: str,
    first: date | None,
    last: date | None,
    limits: tuple[tuple[float, ...], ...],
    every: float | None,
    profile: str | None,
    output: str,
    output_file: str | None,
    *,
    quiet: bool,
) -> int:
    """Replay policies over recorded sweeps, as if they had been in force. Changes nothing.

    It shows which sessions they would have stopped and when, about what that would have saved, and the false stops:
    sessions that were used again later.

    Facts that were not recorded count as undecidable. What cannot be read is skipped, named, and makes the exit code 2.
    """
    if first is not None and last is not None and first > last:
        raise CommandError(f"--from {first} is after --to {last}")
    destination = Destination(output_file)
    policies = load_policies(policy_path)
    # Large parts, which --help and usage errors need not wait for.
    from reaper.history.reader import History  # noqa: PLC0415
    from reaper.history.sources import UnreadableError, source_of  # noqa: PLC0415

    thresholds = tuple(dict.fromkeys(limit for some in limits for limit in some))
    with Progress(sys.stderr, quiet=quiet) as progress:
        try:
            history = History(source_of(where, lambda: client_of_s3(profile)), first, last, progress=progress)
        except UnreadableError as error:
            raise CommandError(clean(error)) from error
        if not history.recordings and not history.skipped:
            raise CommandError(f"there is no recorded sweep in {clean(where)}{_between(first, last)}")
        result = backtest(policies.book, history.sweeps(), thresholds=thresholds, every=every)
    document = backtest_document(
        result,
        Lens.of(policies.book),
        recordings=history.recordings,
        missing=history.missing,
        skipped=history.skipped,
        every=every,
        policy_sha256=policies.sha256,
    )
    destination.write(render_backtest(document, output, destination.surface))
    incomplete = bool(history.skipped or history.missing)
    if not quiet or incomplete:
        for line in summary(document, thresholds=bool(thresholds)):
            say(line)
    return ExitCode.LOOK if incomplete else ExitCode.DONE


def _between(first: date | None, last: date | None) -> str:
    return "".join(f" {word} {day}" for word, day in (("from", first), ("to", last)) if day is not None)


def client_of_s3(profile: str | None) -> Any:
    """A client of S3 with the user's own credentials; S3 itself tells which region a bucket is in."""
    from reaper.bootstrap import StartError, open_clients  # noqa: PLC0415
    from reaper.providers.calls import Calls  # noqa: PLC0415

    try:
        clients = open_clients(profile, Calls())
    except StartError as error:
        raise CommandError(clean(error)) from error
    return clients.client("s3", clients.default_region or "us-east-1")
