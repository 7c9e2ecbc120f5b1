"""Keeps whole reports, apart from what reads them, so that a sweep need not load that."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

from reaper.history.keys import report_key_of
from reaper.sweep.ports import HistoryError
from reaper.wire.codec import encode

if TYPE_CHECKING:
    from reaper.history.sinks import Sink
    from reaper.wire.report import Report


def archive(sink: Sink, report: Report) -> None:
    """Keep ``report``, of a sweep or of a part of one, whole.

    Raises:
        HistoryError: it is not known to be kept; says why in a sentence.
    """
    try:
        key = report_key_of(report.run_id, report.started_at.timestamp())
        body = io.BytesIO(gzip.compress(encode(report), compresslevel=6, mtime=0))
    except Exception as error:
        raise HistoryError(f"the report was not archived: {type(error).__name__}: {error}") from error
    sink.put(key, body)
