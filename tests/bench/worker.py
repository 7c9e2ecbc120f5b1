"""Processes that do one side of a comparison each, so that neither warms, burdens or shields the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.result import BenchmarkError
from tests.bench.say import say_json

ROOT = Path(__file__).resolve().parents[2]
_PATH = os.pathsep.join((str(ROOT), str(ROOT / "lambdas")))


def measured(module: str, *arguments: str, env: Mapping[str, str] | None = None, flags: Sequence[str] = ()) -> Any:
    """What a fresh process running ``module`` printed as JSON. ``flags`` are the interpreter's."""
    with _started(module, *arguments, env=env, flags=flags) as process:
        out, _ = process.communicate()
    if process.returncode:
        raise BenchmarkError(f"{module} {' '.join(arguments)} ended with {process.returncode}")
    return json.loads(out)


class Worker:
    """A process that has prepared itself and measures one round whenever it is asked."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self._process = process
        self._name = name
        self.prepared = self._read()

    def round(self) -> Any:
        """What one round came to."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchmarkError(f"{self._name} ended with {self._process.wait()} instead of answering")
        return json.loads(line)


@contextmanager
def worker(module: str, *arguments: str, python: Path | str = sys.executable) -> Iterator[Worker]:
    """A process running ``module``, which answers a first time once it is ready, then to every line it is sent."""
    with _started(module, *arguments, python=python) as process:
        try:
            yield Worker(process, module)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def answer(prepared: Any, measure: Any) -> None:
    """The other end of :func:`worker`: say ``prepared``, then ``measure()`` for every line until there are no more."""
    say_json(prepared)
    for _ in sys.stdin:
        say_json(measure())


@contextmanager
def _started(
    module: str,
    *arguments: str,
    python: Path | str = sys.executable,
    env: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603 - our own modules
        [str(python), *flags, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": _PATH, **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
    except BaseException:
        process.kill()
        raise
