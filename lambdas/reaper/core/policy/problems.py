"""What is wrong with a policy file, where, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 60
"""Characters of a value that a message repeats: enough to recognise it by."""
_LONGEST_MEANT = 100
"""Characters of a word that a near one is looked for: that takes time which grows with the square of its length."""


class Severity(StrEnum):
    """Whether the file can be used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding. ``line`` and ``column`` count from 1; ``None`` where the text they came from kept no positions.

    ``path`` names the place by structure (``policies[0].when.idle_for``), empty for the file as a whole.
    """

    severity: Severity
    message: str
    path: str = ""
    line: int | None = None
    column: int | None = None
    hint: str = ""

    def render(self, file: str) -> str:
        """``file:line:column: path: message; hint``, on one line, with ``warning:`` before the message of a warning."""
        where = file if self.line is None else f"{file}:{self.line}:{self.column or 1}"
        what = self.message if self.severity is Severity.ERROR else f"warning: {self.message}"
        return one_line(": ".join(part for part in (where, self.path, what) if part) + (self.hint and f"; {self.hint}"))


def one_line(text: str) -> str:
    """``text`` without anything that could break a line or steer a terminal: such characters are shown as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def quoted(text: str) -> str:
    """``text`` as a message shows it: in backticks, shortened where it is long."""
    return f"`{text}`" if len(text) <= _SHOWN else f"`{text[:_SHOWN]}...`"


def one_of(options: Iterable[str]) -> str:
    """``a, b or c``."""
    *most, last = options
    return f"{', '.join(most)} or {last}" if most else last


def did_you_mean(word: str, options: Iterable[str], *, cutoff: float = 0.6) -> str:
    """``did you mean `idle_for`?``, or nothing where no option is close. Case, spaces and hyphens do not count."""
    if len(word) > _LONGEST_MEANT:
        return ""
    by_form = {_form(option): option for option in options}
    close = get_close_matches(_form(word), by_form, n=1, cutoff=cutoff)
    return f"did you mean `{by_form[close[0]]}`?" if close else ""


def meant_or_expected(word: str, options: Iterable[str]) -> str:
    """What a wrong word of a short closed list probably meant, or the whole list."""
    listed = tuple(options)
    return did_you_mean(word, listed, cutoff=0.75) or f"expected {one_of(listed)}"


def _form(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")
