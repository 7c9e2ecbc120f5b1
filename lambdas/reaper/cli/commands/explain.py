"""``reaper explain``."""

from __future__ import annotations

import click

from reaper.cli.console import Destination, say
from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.explanation import explanation_document
from reaper.cli.lookup import find
from reaper.cli.opening import open_selected
from reaper.cli.options import Common, common_options, policy_option
from reaper.cli.policy_file import load_policies
from reaper.cli.render_explain import render_explanation
from reaper.cli.render_rows import as_json
from reaper.core.judge import compile_book

EPILOG = """\b
Examples:
  reaper explain nightly-adhoc -p policies.yaml
  reaper explain 8f1c2a --service SERVICE --region eu-central-1
  reaper explain nightly-adhoc --output json | jq .verdict
"""


@click.command("explain", epilog=EPILOG)
@click.argument("session", metavar="ID")
@policy_option
@common_options(formats=("table", "json"))
def command(common: Common, session: str, policy_path: str | None) -> int:
    """Say why a session is judged as it is, and when it would be stopped. Changes nothing.

    Shown are each policy, each of its conditions with the session's value and the evidence for it, and what the guards
    would say. ID is a session's id, or a beginning of it that no other session shares.
    """
    if not session:
        raise CommandError("the id is empty: name a session, or the beginning of its id")
    destination = Destination(common.output_file)
    policies = load_policies(policy_path)
    opened = open_selected(common)
    found = find(session, common, policies, opened)
    document = explanation_document(compile_book(policies.book), found, found.report.started_at)
    text = as_json(document) if common.output == "json" else render_explanation(document, destination.surface)
    destination.write(text)
    if not found.report.blind:
        return ExitCode.DONE
    say("Something COULD NOT BE READ: the guards' counts may be too low.")
    return ExitCode.LOOK
