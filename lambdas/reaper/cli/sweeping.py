"""What ``plan`` and ``run`` have in common: one sweep, its report, and the exit code that follows from it."""

from __future__ import annotations

import sys
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reaper.cli.console import Progress
from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.interruption import interruption
from reaper.core.judge import compile_book
from reaper.core.report import Mode, Report, as_json
from reaper.sweep.run import Sweep, run

if TYPE_CHECKING:
    from reaper.bootstrap import Opened
    from reaper.cli.options import Common
    from reaper.cli.policy_file import PolicyFile
    from reaper.core.session import SessionRef
    from reaper.core.vocabulary import Lens


@dataclass(frozen=True, slots=True)
class Swept:
    """A sweep that is over: its report, the same as public JSON, and the settings it was read with."""

    report: Report
    document: dict[str, Any]
    lens: Lens

    def exit_code(self, *, detailed: bool) -> ExitCode:
        """A person should look comes before offenders found, which is told only in detail."""
        if self.report.needs_a_person():
            return ExitCode.LOOK
        return ExitCode.OFFENDERS if detailed and self.report.has_offenders() else ExitCode.DONE


def refuse_ledger(ledger: str | None) -> None:
    """Raise :class:`CommandError` when a ledger was asked for, rather than forget what it was to remember."""
    if ledger is not None:
        raise CommandError(
            "--ledger is not available yet: nothing remembers warnings between runs, so policies with grace only warn;"
            " leave it out"
        )


def sweep(
    common: Common,
    policies: PolicyFile,
    opened: Opened,
    *,
    mode: Mode = Mode.REPORT,
    only: frozenset[SessionRef] | None = None,
) -> Swept:
    """Do one sweep over what was opened."""
    book = compile_book(policies.book)
    if mode is Mode.ENFORCE:
        interruption.enforcing()
    with Progress(sys.stderr, quiet=common.quiet) as progress:

        def tell(line: str) -> None:
            interruption.watch(line)
            progress(line)

        report = run(
            Sweep(
                run_id=str(uuid.uuid4()),
                mode=mode,
                book=book,
                providers=opened.providers,
                counter=opened.calls,
                clock=common.clock(),
                only=only,
                progress=tell,
            )
        )
    return Swept(report, as_json(report, book.lens, report.started_at), book.lens)
