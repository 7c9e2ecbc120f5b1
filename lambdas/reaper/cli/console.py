"""Where things are written: data to standard output or a file, everything else to standard error."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Self, TextIO

from reaper.cli.errors import CommandError, ExitCode
from reaper.cli.text import clean

PIPED_WIDTH = 100
"""Columns that prose is laid out for where there is no terminal."""

_REDRAW_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Surface:
    """What the data will be shown on. ``width`` is ``None`` where lines may be as long as they need to be."""

    width: int | None = None
    colour: bool = False


def surface_of(stream: TextIO, output_file: str | None = None) -> Surface:
    """The surface of ``stream``: a terminal of so many columns, or a pipe or file, which is plain."""
    if output_file is not None or not stream.isatty():
        return Surface()
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Surface(terminal_width(), colour)


def terminal_width() -> int:
    """The columns of the terminal; ``COLUMNS`` overrides it."""
    return max(20, shutil.get_terminal_size().columns)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a command's data goes: a file, replaced in one piece when all of it is there, or standard output (also ``-``).

    Making one for a file that cannot be written raises :class:`CommandError`, so that nobody waits for a sweep whose
    result is then lost.
    """

    path: str | None = None

    def __post_init__(self) -> None:
        if self.path == "-":
            object.__setattr__(self, "path", None)
        if self.path is not None:
            check_writable(self.path)

    @property
    def surface(self) -> Surface:
        """What the data will be shown on."""
        return surface_of(sys.stdout, self.path)

    def write(self, text: str) -> None:
        """Write all of ``text``, which ends with a newline or is empty.

        Raises:
            CommandError: the file could not be written after all; then ``text`` is on standard output, and not lost.
        """
        if self.path is None:
            to_stdout(text)
            return
        try:
            write_file(self.path, text)
        except CommandError as error:
            to_stdout(text)
            raise CommandError(f"{error}; it is on standard output instead", code=ExitCode.LOOK) from None


def to_stdout(text: str) -> None:
    """Print ``text``. A reader that went away (``| head``) is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it exits; that must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """One line for people, on standard error."""
    try:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is where the command speaks
    except OSError:
        return


def check_writable(path: str) -> None:
    """Raise :class:`CommandError` unless ``path`` can be written, without touching what is there."""
    target = Path(path)
    try:
        if target.is_dir():
            raise CommandError(f"{clean(path)} is a directory; give the name of a file to write")
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if not _is_special(target):
            descriptor, name = tempfile.mkstemp(dir=target.resolve().parent, prefix=".reaper-")
            os.close(descriptor)
            Path(name).unlink()
    except OSError as error:
        raise _unwritable(path, error) from None


def write_file(path: str, text: str) -> None:
    """Replace the file at ``path`` by ``text``: readers see the old content or the new, never half of it."""
    target = Path(path).resolve()
    try:
        if _is_special(target):
            target.write_text(text, encoding="utf-8")
            return
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".reaper-")
        temporary = Path(name)
        try:
            with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123 - it takes over the descriptor
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.chmod(mode)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _unwritable(path, error) from None


def _is_special(target: Path) -> bool:
    """A device or a named pipe, which cannot be replaced."""
    return target.exists() and not target.is_file()


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


def _unwritable(path: str, error: OSError) -> CommandError:
    return CommandError(f"{clean(path)} cannot be written: {error.strerror or error}")


class Progress:
    """What is being read or stopped right now: one live line on a terminal, and nothing elsewhere.

    Call it with a short line, from any thread. A context manager that wipes the line at its end.
    """

    def __init__(self, stream: TextIO, *, quiet: bool) -> None:
        self._stream = stream
        self._live = not quiet and stream.isatty()
        self._lock = threading.Lock()
        self._drawn = 0.0
        self._length = 0

    def __call__(self, line: str) -> None:
        """Show ``line`` in place of the last one."""
        if not self._live:
            return
        with self._lock:
            now = monotonic()
            if now - self._drawn >= _REDRAW_SECONDS:
                self._drawn = now
                self._draw(clean(line)[: terminal_width() - 1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._live:
                self._draw("")
                self._live = False

    def _draw(self, text: str) -> None:
        # Blanks rather than an escape sequence: it works on every terminal, and without colour.
        padding = " " * (self._length - len(text))
        self._length = len(text)
        try:
            self._stream.write(f"\r{text}{padding}\r" if not text else f"\r{text}{padding}")
            self._stream.flush()
        except OSError:
            self._live = False
