"""Gives recorded sweeps back in order of time, and names whatever it could not read.

DuckDB reads and orders the files as they lie, one day at a time, so that memory is bounded by a day's recordings, and it puts
on disk what does not fit. A file is read whole or not at all: damage is noticed before any of its rows is believed.
"""

from __future__ import annotations

import gzip
import itertools
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from reaper.core.backtest import RecordedSweep
from reaper.history.rows import COLUMNS, SCHEMA, decode
from reaper.history.sources import NEWER, Days, Recording, Skipped, Source, UnreadableError, missing_days

MEMORY: Final = "512MB"
_BATCH: Final = 2048
_CHUNK: Final = 1 << 20
_GARBLED: Final = "it is garbled: not every line of it is a recorded session"

_COLUMNS: Final = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items()) + "}"
_FILES: Final = (
    f"read_json(?, columns={_COLUMNS}, format='newline_delimited', compression='gzip', filename=true,"
    " hive_partitioning=false)"
)
_HEADERS: Final = (
    "SELECT filename, min(schema), max(schema), count(schema) = count(*), min(run_id), max(run_id),"  # noqa: S608 - all ours
    f" min(sweep_at), max(sweep_at) FROM {_FILES} GROUP BY filename"
)
_ROWS: Final = f"SELECT filename, {', '.join(COLUMNS)} FROM {_FILES} ORDER BY sweep_at, run_id"  # noqa: S608 - all ours


@dataclass(frozen=True, slots=True)
class _Header:
    """What a sound file says of its sweep."""

    path: str
    recording: Recording
    run_id: str
    at: float
    empty: bool = False


class History:
    """The recordings of ``source`` from ``first`` to ``last``, both included. ``progress`` is told each day.

    Raises:
        UnreadableError: DuckDB is not installed, or the source cannot be read at all.
    """

    def __init__(
        self,
        source: Source,
        first: date | None = None,
        last: date | None = None,
        *,
        progress: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._duckdb = _load_duckdb()
        self._source = source
        self._progress = progress
        self._runs: set[str] = set()
        found = source.find(first, last)
        self._days = dict(sorted(found.days.items()))
        self.skipped = found.skipped
        """What was not read; complete once :meth:`sweeps` is at its end."""
        self.missing: tuple[Days, ...] = missing_days(self._days, first, last)
        """Days of the range without any recording."""

    @property
    def recordings(self) -> int:
        """How many recordings lie in the range, readable or not."""
        return sum(map(len, self._days.values()))

    def sweeps(self) -> Iterator[RecordedSweep]:
        """Every sweep that can be read, in order of time."""
        for day, recordings in self._days.items():
            self._progress(f"{day}: {len(recordings)} recorded sweeps")
            with tempfile.TemporaryDirectory(prefix="reaper-history-") as folder:
                files, skipped = self._source.fetch(recordings, Path(folder))
                self.skipped += skipped
                with self._connect(folder) as connection:
                    yield from self._day(connection, files)

    def _connect(self, folder: str) -> Any:
        connection = self._duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY,
                "temp_directory": str(Path(folder, "duckdb")),
                # Nothing is ever downloaded: what is needed is built in.
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        # It would be drawn into the data on standard output.
        connection.execute("SET enable_progress_bar = false")
        return connection

    def _day(self, connection: Any, files: Mapping[str, Recording]) -> Iterator[RecordedSweep]:
        headers = self._unrepeated(self._headers(connection, files))
        waiting = {header.path: header for header in headers if not header.empty}
        rows = iter(self._grouped(connection, waiting))
        for header in headers:
            sessions = () if header.empty else next(rows)
            if sessions is not None:
                yield RecordedSweep(run_id=header.run_id, at=header.at, sessions=sessions)

    def _headers(self, connection: Any, files: Mapping[str, Recording]) -> list[_Header]:
        """One for each file that is sound as a whole; the others are skipped."""
        sound = {path: recording for path, recording in files.items() if self._is_whole(path, recording)}
        try:
            rows = self._ask(connection, _HEADERS, list(sound))
        except self._duckdb.Error:
            # One file spoils the day for all: ask each by itself.
            rows = []
            for path in list(sound):
                try:
                    rows += self._ask(connection, _HEADERS, [path])
                except self._duckdb.Error:
                    self._skip(sound.pop(path), _GARBLED)
        told = {row[0]: row[1:] for row in rows}
        found = [self._header(path, recording, told.get(path)) for path, recording in sound.items()]
        return [header for header in found if header is not None]

    def _is_whole(self, path: str, recording: Recording) -> bool:
        """Skips a file that was cut off or whose checksum is wrong, which DuckDB does not look at."""
        try:
            with gzip.open(path) as stream:
                while stream.read(_CHUNK):
                    pass
        except EOFError:
            self._skip(recording, "it is cut off: the end is missing")
        except (gzip.BadGzipFile, zlib.error):
            self._skip(recording, "it is garbled: it is not what was compressed")
        except OSError as error:
            self._skip(recording, f"it cannot be read: {error.strerror or error}")
        else:
            return True
        return False

    def _header(self, path: str, recording: Recording, told: Sequence[Any] | None) -> _Header | None:
        if told is None:
            return _Header(path, recording, recording.place.run_id, recording.place.began.timestamp(), empty=True)
        oldest, newest, all_told, run_id, other_run, at, other_at = told
        why = None
        if newest is not None and newest > SCHEMA:
            why = NEWER
        elif not all_told or oldest != SCHEMA or None in {run_id, at}:
            why = _GARBLED
        elif run_id != other_run or at != other_at:
            why = "it holds rows of more than one sweep"
        elif datetime.fromtimestamp(at, UTC).date() != recording.place.day:
            why = "its rows are of another day than the one it lies under"
        if why is None:
            return _Header(path, recording, run_id, at)
        self._skip(recording, why)
        return None

    def _unrepeated(self, headers: Sequence[_Header]) -> list[_Header]:
        """In order of time, each sweep once."""
        kept: list[_Header] = []
        for header in sorted(headers, key=lambda header: (header.at, header.run_id)):
            if header.run_id in self._runs:
                self._skip(header.recording, f"the sweep {header.run_id} is recorded elsewhere too, and was read there")
            else:
                self._runs.add(header.run_id)
                kept.append(header)
        return kept

    def _grouped(self, connection: Any, headers: Mapping[str, _Header]) -> Iterator[tuple[Any, ...] | None]:
        """The sessions of each file, in the order of ``headers``; ``None`` for one that turns out to be garbled."""
        done = 0
        try:
            for path, rows in itertools.groupby(self._stream(connection, list(headers)), key=itemgetter(0)):
                sessions = self._decoded(headers[path].recording, rows)
                done += 1
                yield sessions
        except self._duckdb.Error:
            for path, header in list(headers.items())[done:]:
                try:
                    rows = self._ask(connection, _ROWS, [path])
                except self._duckdb.Error:
                    self._skip(header.recording, _GARBLED)
                    yield None
                else:
                    yield self._decoded(header.recording, rows)

    def _decoded(self, recording: Recording, rows: Any) -> tuple[Any, ...] | None:
        try:
            return tuple(decode(row[1:]).session for row in rows)
        except ValueError:
            self._skip(recording, _GARBLED)
            return None

    def _stream(self, connection: Any, paths: list[str]) -> Iterator[tuple[Any, ...]]:
        if paths:
            result = connection.execute(_ROWS, [[_literal(path) for path in paths]])
            while batch := result.fetchmany(_BATCH):
                yield from batch

    def _ask(self, connection: Any, query: str, paths: list[str]) -> list[tuple[Any, ...]]:
        return connection.execute(query, [[_literal(path) for path in paths]]).fetchall() if paths else []

    def _skip(self, recording: Recording, why: str) -> None:
        self.skipped.append(Skipped(recording.name, why))


def _literal(path: str) -> str:
    """``path`` as a pattern that fits only itself."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def _load_duckdb() -> Any:
    try:
        # Large, and of no use to anything but this.
        import duckdb  # noqa: PLC0415
    except ImportError:
        raise UnreadableError(
            "reading recorded sweeps takes DuckDB, which is not installed here: run `make setup`, or `pip install duckdb`"
        ) from None
    return duckdb
