"""What ``plan`` and ``run`` have in common: one sweep, its report, and the exit code that follows from it."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reaper.cli.console import Progress
from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.interruption import interruption
from reaper.cli.text import clean
from reaper.core.judge import compile_book
from reaper.core.report import Mode, Report
from reaper.providers.arns import arn_of
from reaper.sweep.instructions import Sweep
from reaper.sweep.run import run
from reaper.wire import report as wire
from reaper.wire.from_sweep import report_of

if TYPE_CHECKING:
    from reaper.bootstrap import Opened
    from reaper.cli.options import Common
    from reaper.cli.policy_file import PolicyFile
    from reaper.core.session import SessionRef
    from reaper.core.vocabulary import Lens
    from reaper.sweep.ports import HistoryRecorder, Ledger


@dataclass(frozen=True, slots=True)
class Swept:
    """A sweep that is over: its report, the same as people and machines are told it, and the settings it was read with."""

    report: Report
    told: wire.Report
    lens: Lens

    def exit_code(self, *, detailed: bool) -> ExitCode:
        """A person should look comes before offenders found, which is told only in detail."""
        if self.report.needs_a_person():
            return ExitCode.LOOK
        return ExitCode.OFFENDERS if detailed and self.report.has_offenders() else ExitCode.DONE


def open_ledger(table: str | None, opened: Opened) -> Ledger | None:
    """The ledger in the DynamoDB table called ``table``, in the first region looked at; ``None`` where none was named.

    Raises:
        CommandError: there is no such table, or it cannot be read.
    """
    if table is None:
        return None
    # Together with the SDK, which --help and usage errors need not wait for.
    from reaper import bootstrap  # noqa: PLC0415

    try:
        return bootstrap.open_ledger(table, opened)
    except bootstrap.StartError as error:
        raise CommandError(clean(error)) from error


def sweep(  # noqa: PLR0913 - five of the eight have a default and are named
    common: Common,
    policies: PolicyFile,
    opened: Opened,
    *,
    mode: Mode = Mode.REPORT,
    only: frozenset[SessionRef] | None = None,
    ledger: Ledger | None = None,
    forgetful: bool = False,
    publish: Callable[[wire.Report], str | None] | None = None,
    history: HistoryRecorder | None = None,
) -> Swept:
    """Do one sweep over what was opened. A ``forgetful`` one reads the ledger and writes nothing to it.

    ``publish`` sends the public report somewhere else, and says what went wrong with that: then a ledger does not remember
    anybody as warned. ``history`` records what is seen.
    """
    book = compile_book(policies.book)
    if mode is Mode.ENFORCE:
        interruption.enforcing()
    with Progress(sys.stderr, quiet=common.quiet) as progress:

        def tell(line: str) -> None:
            interruption.watch(line)
            progress(line)

        def send(report: Report) -> tuple[str, ...]:
            problem = publish(report_of(report, book.lens, report.started_at, arn=arn_of)) if publish else None
            return () if problem is None else (problem,)

        report = run(
            Sweep(
                run_id=str(uuid.uuid4()),
                mode=mode,
                book=book,
                providers=opened.providers,
                counter=opened.calls,
                clock=common.clock(),
                only=only,
                ledger=ledger,
                forgetful=forgetful,
                tell=send if publish else None,
                history=history,
                progress=tell,
            )
        )
    return Swept(report, report_of(report, book.lens, report.started_at, arn=arn_of), book.lens)
