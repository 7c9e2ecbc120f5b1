"""Writes a line at once, for whoever waits for it at the other end of a pipe."""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO


def say(text: str, stream: TextIO | None = None) -> None:
    """Write ``text`` and a line break, to standard output unless told otherwise."""
    out = sys.stdout if stream is None else stream
    out.write(f"{text}\n")
    out.flush()


def say_json(document: Any) -> None:
    """Write ``document`` as one line of JSON."""
    say(json.dumps(document))
