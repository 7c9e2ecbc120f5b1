"""``reaper run``."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reaper.catalog.services import specs
from reaper.cli.console import Destination, check_writable, say
from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.opening import open_selected
from reaper.cli.options import Common, Duration, TopicArn, common_options, policy_option, sweep_options
from reaper.cli.plan_file import CLOCK_SKEW, PlanFile, check_applicable, check_scopes, read_plan
from reaper.cli.policy_file import PolicyFile, load_policies
from reaper.cli.publishing import check_topic, publish
from reaper.cli.render_report import render_report, summary
from reaper.cli.sweeping import open_ledger, sweep
from reaper.cli.text import clean, instant
from reaper.core.guards import describe_hours, outside_hours
from reaper.core.report import Mode
from reaper.wire.codec import builtins_of

if TYPE_CHECKING:
    from reaper.bootstrap import Opened
    from reaper.history.recorder import SpooledRecorder
    from reaper.history.sinks import Sink
    from reaper.wire.report import Report

EPILOG = """\b
Examples:
  reaper run -p policies.yaml                                  report only
  reaper run -p policies.yaml --enforce                        stop what should be stopped
  reaper run -p policies.yaml --plan plan.json --enforce       only what was planned
  reaper run -p policies.yaml --output json --output-file report.json
  reaper run -p policies.yaml --history history/               keep what was seen, for reaper report
  reaper run -p policies.yaml --topic arn:aws:sns:us-east-1:123456789012:sessions
"""


@click.command("run", epilog=EPILOG)
@policy_option
@click.option("--enforce", is_flag=True, help="Stop what the policies want stopped. Without it nothing is stopped.")
@click.option("--plan", "plan_path", metavar="FILE", help="Stop only what is in this plan and still qualifies.")
@click.option(
    "--plan-max-age", type=Duration(), default="24h", show_default=True, help="Refuse a plan that is older than this."
)
@click.option("--topic", type=TopicArn(), help="Publish the report to this SNS topic.")
@click.option(
    "--history",
    "history",
    metavar="PATH",
    help="Record the sweep there and archive its report, for backtest and report: s3://BUCKET/PREFIX, or a directory.",
)
@sweep_options
@common_options()
def command(  # noqa: PLR0913, PLR0917 - one per option
    common: Common,
    policy_path: str | None,
    plan_path: str | None,
    plan_max_age: float,
    topic: str | None,
    history: str | None,
    ledger: str | None,
    *,
    enforce: bool,
    detailed_exitcode: bool,
) -> int:
    """Sweep: judge every session by the policies, and report it; with --enforce, stop what should be stopped.

    Right before each stop the session is read and judged once more; one that woke up is spared. The guards of the
    policy file limit the stops of one sweep. With --plan, the services and regions of the plan are looked at unless
    others are named.
    """
    destination = Destination(common.output_file)
    policies = load_policies(policy_path)
    if enforce:
        _refuse_pretending(common, policies, ledger)
    plan = None if plan_path is None else _applicable(plan_path, policies, common, plan_max_age)
    opened = open_selected(common if plan is None else _where_planned(common, plan))
    sink = None if history is None else _sink(history, opened)
    if enforce and topic is not None:
        check_topic(topic, opened)
    if plan is not None:
        check_scopes(plan, [provider.key for provider in opened.providers])
    problems: list[str] = []

    def to_topic(told: Report) -> str | None:
        problem = publish(str(topic), told, opened)
        problems.extend([] if problem is None else [problem])
        return problem

    swept = sweep(
        common,
        policies,
        opened,
        mode=Mode.ENFORCE if enforce else Mode.REPORT,
        only=None if plan is None else plan.stops,
        ledger=open_ledger(ledger, opened),
        # A pretended moment is nothing to remember.
        forgetful=common.now is not None and not enforce,
        publish=None if topic is None else to_topic,
        history=None if sink is None else _recorder(sink),
    )
    told = builtins_of(swept.told)
    destination.write(render_report(told, common.output, destination.surface))
    if sink is not None:
        problems += _archive(sink, swept.told)
    code = swept.exit_code(detailed=detailed_exitcode)
    if not common.quiet or swept.report.blind:
        for line in summary(told, enforcing=enforce):
            say(line)
    for problem in problems:
        say(f"reaper: {problem}")
    return ExitCode.LOOK if problems else code


def _sink(where: str, opened: Opened) -> Sink:
    """Where a sweep is recorded; raises CommandError where that is known not to work, before anything is stopped."""
    # Together with the SDK, which --help and usage errors need not wait for.
    from reaper.history.sinks import DirectorySink, S3Sink, check_bucket  # noqa: PLC0415
    from reaper.sweep.ports import HistoryError  # noqa: PLC0415

    if not where.startswith("s3://"):
        if Path(where).exists() and not Path(where).is_dir():
            raise CommandError(f"{clean(where)} is a file: give --history a directory")
        try:
            Path(where).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{clean(where)} cannot be made: {error.strerror or error}") from None
        check_writable(str(Path(where) / "recording"))
        return DirectorySink(Path(where))
    bucket, _, prefix = where.removeprefix("s3://").partition("/")
    if not bucket:
        raise CommandError(f"{clean(where)} names no bucket: write s3://BUCKET/PREFIX")
    region = opened.clients.default_region or "us-east-1"
    client: Any = opened.clients.client("s3", region)
    try:
        check_bucket(client, bucket)
    except HistoryError as error:
        raise CommandError(clean(error)) from error
    return S3Sink(client, bucket, prefix)


def _recorder(sink: Sink) -> SpooledRecorder:
    from reaper.history.recorder import SpooledRecorder  # noqa: PLC0415 - needs the SDK, like its sink

    return SpooledRecorder(sink)


def _archive(sink: Sink, report: Report) -> list[str]:
    """Keep the report; says what went wrong with that."""
    from reaper.history.archive import archive  # noqa: PLC0415 - needs the SDK, like its sink
    from reaper.sweep.ports import HistoryError  # noqa: PLC0415

    try:
        archive(sink, report)
    except HistoryError as error:
        return [clean(error)]
    return []


def _refuse_pretending(common: Common, policies: PolicyFile, ledger: str | None) -> None:
    """Stops happen in real time: a pretended moment must not make sessions idler, or the stop hours other ones."""
    if common.now is None:
        return
    if ledger is not None:
        raise CommandError(
            "a pretended --now is nothing to remember in a --ledger: leave out one of them, or --enforce"
        )
    real = time.time()
    if common.now > real + CLOCK_SKEW:
        raise CommandError(
            f"--now {instant(common.now)} is yet to come, which makes sessions look idler than they are:"
            " leave it out, or leave out --enforce"
        )
    if outside_hours(policies.book.guards, real) is not None:
        hours = describe_hours(policies.book.guards.stop_hours)
        raise CommandError(f"stops are allowed {hours}, which is not now, whatever --now says: leave out --enforce")


def _applicable(path: str, policies: PolicyFile, common: Common, max_age: float) -> PlanFile:
    plan = read_plan(path)
    check_applicable(plan, policy_sha256=policies.sha256, real_now=time.time(), now=common.clock()(), max_age=max_age)
    return plan


def _where_planned(common: Common, plan: PlanFile) -> Common:
    """The selection, with the plan's own services and regions where none were named."""
    clouds = {name: spec.cloud.name for name, spec in specs().items() if spec.cloud}
    services = common.services or tuple(sorted({scope.service for scope in plan.scopes}))
    regions = common.regions or tuple(sorted({one.region for one in plan.scopes if one.service not in clouds}))
    planned = {clouds[one.service]: one.region for one in plan.scopes if one.service in clouds}
    return replace(common, services=services, regions=regions, elsewhere=planned | common.elsewhere)
