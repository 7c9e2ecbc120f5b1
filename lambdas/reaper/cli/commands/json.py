"""``reaper json``."""

from __future__ import annotations

import click

from reaper.cli.console import Destination, say
from reaper.cli.errors import CommandError
from reaper.cli.policy_file import check_any
from reaper.cli.text import count
from reaper.core.policy.document import canonical_json

EPILOG = """\b
Examples:
  reaper json policies.yaml > policies.json
  reaper json owners.yaml --output-file owners.json
  cat policies.yaml | reaper json -
"""


@click.command("json", epilog=EPILOG)
@click.argument("file", metavar="FILE")
@click.option("--output-file", metavar="FILE", help="Write there instead of to standard output.")
def command(file: str, output_file: str | None) -> int:
    """Print a policy or owners file as the JSON that AWS AppConfig takes.

    The same file gives the same JSON, whatever its layout and comments. A file with an error in it gives none: all of
    its problems are told, and the exit code is 1. - reads standard input.
    """
    checked = check_any(file)
    if checked.book is None or checked.document is None:
        message = f"{checked.name} cannot be used ({count(checked.errors, 'error')}); there is no JSON of it"
        raise CommandError(message, lines=checked.lines())
    for line in checked.lines():
        say(line)
    Destination(output_file).write(f"{canonical_json(checked.document)}\n")
    return 0
