"""The ``reaper`` command: its help, its subcommands, and the one place where errors end."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

import click

from reaper import __version__
from reaper.catalog.services import specs
from reaper.cli.console import say
from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.interruption import interruption
from reaper.cli.text import clean
from reaper.core.policy.problems import did_you_mean

COMMANDS = {
    "validate": "Check policy and owners files: every problem at once.",
    "schema": "Print the JSON Schema of policy or owners files.",
    "json": "Print a policy or owners file as the JSON that AppConfig takes.",
    "scan": "List the sessions there are and what is known of them.",
    "plan": "Show what the policies would do. Changes nothing.",
    "run": "Sweep: report, or with --enforce stop, what the policies say.",
    "explain": "Say why a session is judged as it is, and when it would be stopped.",
    "snooze": "Keep a session for a while, or take that back.",
    "snoozes": "List the sessions that somebody keeps for a while.",
    "backtest": "Try policies on recorded sweeps: what they would have stopped, and who used it later.",
    "report": "Show what idle sessions cost and what stops avoided, as numbers or as a page.",
}
"""Each command's line in ``reaper --help``, so that no command has to be loaded for it."""

HELP = f"""Finds interactive cloud sessions that nobody uses, and reports or stops them.

It looks at {", ".join(spec.brand for spec in specs().values())}, works out from evidence whether
anyone is using each session, and applies your policies. It stops only what is known to be idle, checks once more right
before each stop, and never takes "could not look" for "nothing there".

\b
Quick start:
  reaper scan --region eu-central-1      what is running, and since when it is idle
  reaper validate policies.yaml          check your policies
  reaper plan -p policies.yaml           what they would do; changes nothing
  reaper explain SESSION                 why
  reaper run -p policies.yaml --enforce  do it
"""

EPILOG = """\b
Exit codes:
  0    done
  1    could not start: wrong usage, invalid policy, no credentials
  2    a person should look: something could not be read, a stop failed, or a
       guard withheld stops
  3    offenders were found (only with --detailed-exitcode)
  130  interrupted

Data goes to standard output, everything else to standard error. NO_COLOR and COLUMNS are honoured; REAPER_DEBUG=1 shows
where an internal error comes from. Each command's --help has examples.
"""


class _Commands(click.Group):
    """Loads a subcommand only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"reaper.cli.commands.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            hint = did_you_mean(name, COMMANDS) or f"there are {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command {name!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    help=HELP,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="reaper")
def cli() -> None:
    """Parse the options that stand before a command: there are only ``--help`` and ``--version``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``reaper`` and return its exit code. Whatever goes wrong is told in a sentence, never as a traceback."""
    _prepare()
    if arguments is None:
        signal.signal(signal.SIGINT, _interrupted)
    try:
        return int(cli.main(arguments, prog_name="reaper", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return ExitCode.COULD_NOT_START
    except CommandError as error:
        for line in error.lines:
            say(line)
        say(f"reaper: {error}")
        return error.code
    except (click.Abort, KeyboardInterrupt):
        _say_interrupted()
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 - the last resort: people get a sentence
        if os.environ.get("REAPER_DEBUG"):
            traceback.print_exc()
        say(f"reaper: internal error: {clean(f'{type(error).__name__}: {error}')}; REAPER_DEBUG=1 shows where")
        return ExitCode.COULD_NOT_START


def _prepare() -> None:
    """Streams that can say anything, and SDKs that keep quiet."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] - just seen to have it
    if not os.environ.get("REAPER_DEBUG"):
        logging.getLogger().addHandler(logging.NullHandler())


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    # Worker threads may be in the middle of calls that take long to give up, and Python would wait for them.
    try:
        _say_interrupted()
        sys.stdout.flush()
    finally:
        os._exit(ExitCode.INTERRUPTED)


def _say_interrupted() -> None:
    if sys.stderr.isatty():
        say("")  # below the line the cursor is on
    say(interruption.sentence())


if __name__ == "__main__":
    sys.exit(main())
