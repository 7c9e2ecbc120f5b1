"""``reaper plan``."""

from __future__ import annotations

import time

import click

from reaper.cli.console import Destination, say
from reaper.cli.opening import open_selected
from reaper.cli.options import Common, common_options, policy_option, sweep_options
from reaper.cli.plan_file import as_text, plan_document
from reaper.cli.policy_file import load_policies
from reaper.cli.render_report import render_report, summary
from reaper.cli.sweeping import open_ledger, sweep
from reaper.cli.text import clean, count
from reaper.wire.codec import builtins_of

EPILOG = """\b
Examples:
  reaper plan -p policies.yaml
  reaper plan -p policies.yaml --service SERVICE --region eu-central-1 --output json
  reaper plan -p policies.yaml --out plan.json && reaper run -p policies.yaml --plan plan.json --enforce
  reaper plan -p policies.yaml --detailed-exitcode || echo "someone should look, or there are offenders"
"""


@click.command("plan", epilog=EPILOG)
@policy_option
@click.option("--out", metavar="FILE", help="Keep the plan there, for reaper run --plan.")
@sweep_options
@common_options()
def command(
    common: Common, policy_path: str | None, out: str | None, ledger: str | None, *, detailed_exitcode: bool
) -> int:
    """Judge every session by the policies, and show what a run would do. Changes nothing.

    A plan kept with --out can be reviewed and then applied: reaper run --plan stops only what is in it and still
    qualifies.
    """
    destination = Destination(common.output_file)
    plan_destination = Destination(out)
    policies = load_policies(policy_path)
    opened = open_selected(common)
    swept = sweep(common, policies, opened, ledger=open_ledger(ledger, opened), forgetful=True)
    if out is not None:
        document = plan_document(
            report=swept.report,
            told=swept.told,
            lens=swept.lens,
            scopes=[provider.key for provider in opened.providers],
            policy_sha256=policies.sha256,
            created_at=time.time(),
        )
        plan_destination.write(as_text(document))
        if not common.quiet:
            say(
                f"{count(len(document.stops), 'stop')} planned in {clean(out)}; apply with: reaper run --plan --enforce"
            )
    told = builtins_of(swept.told)
    destination.write(render_report(told, common.output, destination.surface))
    if not common.quiet or swept.report.blind:
        for line in summary(told, enforcing=False, planned_only=True):
            say(line)
    return swept.exit_code(detailed=detailed_exitcode)
