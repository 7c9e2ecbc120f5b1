"""``reaper schema``."""

from __future__ import annotations

import click

from reaper.cli.console import Destination
from reaper.core import owners_schema
from reaper.core.policy.schema import as_text

EPILOG = """\b
Examples:
  reaper schema > policies.schema.json
  reaper schema --output-file schema/policies.schema.json
  reaper schema --owners > owners.schema.json
"""


@click.command("schema", epilog=EPILOG)
@click.option("--owners", is_flag=True, help="The schema of owners files instead.")
@click.option("--output-file", metavar="FILE", help="Write there instead of to standard output.")
def command(output_file: str | None, *, owners: bool) -> int:
    """Print the JSON Schema of policy files, or of owners files, for editors and other tools.

    An editor that knows YAML completes and checks a policy file beginning with this line:

    # yaml-language-server: $schema=./schema/policies.schema.json
    """
    Destination(output_file).write(owners_schema.as_text() if owners else as_text())
    return 0
