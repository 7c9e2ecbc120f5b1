"""``reaper report``."""

from __future__ import annotations

import sys
import time
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import TYPE_CHECKING, Any

import click

from reaper.cli.commands.backtest import Day
from reaper.cli.console import Destination, Progress, say
from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.options import Moment, output_options
from reaper.cli.render_savings import FORMATS, render_savings, summary
from reaper.cli.text import clean

if TYPE_CHECKING:
    from reaper.core.savings import Savings

EPILOG = """\b
Examples:
  reaper report --history s3://BUCKET                          the last eight weeks
  reaper report --history s3://BUCKET --html page.html         the same as a page with charts
  reaper report --history history/ --since 2026-03-01 --until 2026-03-31
  reaper report --history history/ --days 7 --output json

`reaper run --history DIR` keeps the reports this reads; a deployed stack keeps them in its history bucket.
"""

_output, _output_file = output_options(FORMATS)


@click.command("report", epilog=EPILOG)
@click.option(
    "--history",
    "where",
    required=True,
    metavar="PATH",
    help="Where reports are archived: s3://BUCKET/PREFIX, or a directory.",
)
@click.option("--since", type=Day(), metavar="DATE", help="Begin with this day; by default --days before the last one.")
@click.option("--until", type=Day(), metavar="DATE", help="End with this day; by default today.")
@click.option(
    "--days", type=click.IntRange(1, 3660), default=56, show_default=True, help="How many days, unless --since tells."
)
@click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="Where a day begins: an IANA name.")
@click.option(
    "--html", metavar="FILE", help="Write the page there as well: one file, no script, good to mail or print."
)
@click.option("--now", type=Moment(), help="As if it were that moment.")
@click.option("--profile", metavar="NAME", help="The AWS profile to read S3 with.")
@_output
@_output_file
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; problems are still told.")
def command(  # noqa: PLR0913, PLR0917 - one per option
    where: str,
    since: date | None,
    until: date | None,
    days: int,
    timezone: str,
    html: str | None,
    now: float | None,
    profile: str | None,
    output: str,
    output_file: str | None,
    *,
    quiet: bool,
) -> int:
    """Show what idle sessions cost, and what stopping them avoided, from archived reports. Changes nothing.

    By team, service and policy: idle cost and avoided cost, then the longest-idle sessions, false stops, snoozes and blind
    spots. All amounts are estimates. Avoided cost is an hour's price times the time a stopped session would have stayed
    idle: until its own idle timeout, or for as long as others of its service did (the median, of five or more); where
    neither is known, nothing is claimed.

    Reports that cannot be read are left out, named, and make the exit code 2.
    """
    zone = _zone(timezone)
    made_at = time.time() if now is None else now
    today = datetime.fromtimestamp(made_at, zone).date()
    first, last = _days(since, until, days, today)
    begun = datetime.combine(first, clock(), zone).timestamp()
    ended = datetime.combine(last + timedelta(days=1), clock(), zone).timestamp() - 1
    destination, to_page = Destination(output_file), Destination(html) if html else None
    savings = _read(where, begun, min(ended, made_at) if made_at > begun else ended, zone, profile, quiet=quiet)
    destination.write(render_savings(savings, output, destination.surface))
    if to_page is not None:
        # A large part, for the page alone.
        from reaper.pages.savings import page  # noqa: PLC0415

        to_page.write(page(savings, made_at=made_at))
    if not quiet or savings.unread:
        for line in summary(savings):
            say(line)
        if to_page is not None and to_page.path is not None:
            say(f"The page is in {clean(to_page.path)}.")
    return ExitCode.LOOK if savings.unread else ExitCode.DONE


def _read(where: str, since: float, until: float, zone: Any, profile: str | None, *, quiet: bool) -> Savings:  # noqa: PLR0913 - all of them decide it
    # Large parts, which --help and usage errors need not wait for.
    from reaper.cli.commands.backtest import client_of_s3  # noqa: PLC0415
    from reaper.core.report import rfc3339  # noqa: PLC0415
    from reaper.core.tally import Tally  # noqa: PLC0415
    from reaper.history.reports import read_reports, report_source_of  # noqa: PLC0415
    from reaper.history.sources import Skipped, UnreadableError  # noqa: PLC0415

    tally = Tally(since, until, zone)
    skipped: list[Skipped] = []
    with Progress(sys.stderr, quiet=quiet) as progress:
        try:
            source = report_source_of(where, lambda: client_of_s3(profile))
            for sweep in read_reports(source, since, until, skipped=skipped):
                progress(f"Reading the report of {rfc3339(sweep.began)}")
                tally.take(sweep)
        except UnreadableError as error:
            raise CommandError(clean(error)) from error
    return tally.result(unread=[f"{one.name}: {one.why}" for one in skipped])


def _days(since: date | None, until: date | None, days: int, today: date) -> tuple[date, date]:
    last = until or today
    try:
        first = since or last - timedelta(days=days - 1)
        # Both have to have a neighbour in every timezone.
        _ = (first - timedelta(days=2), last + timedelta(days=2))
    except OverflowError:
        raise CommandError("those days are beyond the calendar: name others with --since and --until") from None
    if first > last:
        raise CommandError(f"--since {first} is after {'--until' if until else 'today,'} {last}")
    return first, last


def _zone(name: str) -> Any:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - reads files

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CommandError(
            f"there is no timezone {clean(name)!r}: write an IANA name such as Europe/Berlin, or UTC"
        ) from None
