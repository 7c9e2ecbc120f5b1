"""Records a sweep as it goes, in bounded memory."""

from __future__ import annotations

import gzip
import threading
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final

from reaper.core.judge import Verdict
from reaper.core.session import Session
from reaper.history import rows
from reaper.history.keys import key_of
from reaper.sweep.ports import HistoryError, SweepBegun

if TYPE_CHECKING:
    from reaper.history.sinks import Sink

SPOOL_BYTES: Final = 1 << 20
"""How much of a recording is held in memory, compressed, before it moves to a temporary file."""


class SpooledRecorder:
    """Writes each session down, compressed, as it is judged, and hands the whole to ``sink`` at the end.

    One recorder is for one sweep. A recording that has failed anywhere is never handed over: half a sweep would read as
    sessions that had ended. That one session cannot be written down is such a failure too.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        # Both live as long as the sweep, and are closed with it.
        self._spool = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115
        self._lines = gzip.GzipFile(fileobj=self._spool, mode="wb", compresslevel=1)
        self._trouble: str | None = None
        self._closed = False

    def record(self, session: Session, verdict: Verdict) -> None:
        """Take in one session. Safe from any thread, and never raises."""
        if self._trouble is not None:
            return
        try:
            line = rows.encode(session, verdict)
            with self._lock:
                if self._closed:
                    self._trouble = "a session was judged after the recording had been closed"
                else:
                    self._lines.write(line)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a recording, the sweep goes on
            self._trouble = f"{type(error).__name__}: {error}"

    def close(self, run: SweepBegun) -> None:
        """Hand the recording to the sink.

        Raises:
            HistoryError: it was not kept; says why in a sentence.
        """
        with self._lock:
            if self._closed:
                raise HistoryError("what this sweep saw is recorded already, and is not recorded twice")
            self._closed = True
        try:
            self._lines.close()
            if self._trouble is None:
                self._hand_over(run)
        except HistoryError:
            raise
        except Exception as error:
            raise _lost(f"{type(error).__name__}: {error}") from error
        finally:
            self._spool.close()
        if self._trouble is not None:
            raise _lost(self._trouble)

    def _hand_over(self, run: SweepBegun) -> None:
        """Which sweep it is was not known when the lines were written: every row is told now."""
        start = rows.opening(run.run_id, run.started_at)
        self._spool.seek(0)
        with SpooledTemporaryFile(max_size=SPOOL_BYTES) as whole:
            with (
                gzip.GzipFile(fileobj=self._spool, mode="rb") as lines,
                gzip.GzipFile(fileobj=whole, mode="wb", compresslevel=6, mtime=run.started_at) as told,
            ):
                for line in lines:
                    told.write(start + line[1:])
            whole.seek(0)
            self._sink.put(key_of(run.run_id, run.started_at), whole)


def _lost(why: str) -> HistoryError:
    return HistoryError(f"what this sweep saw was not recorded: {why}")
