"""Globs: ``*`` stands for any run of characters, ``?`` for one, all else for itself; case counts.

Whoever names or tags a session chooses the text that a glob meets, in every sweep. So the time a match takes grows with the
text's length and no faster, whatever the glob: each run that a ``*`` stands for ends where what follows it is first found,
and is never tried again (leftmost is enough, because what stands between two ``*`` has a fixed length).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ONE = "."
"""What ``?`` stands for, as a regular expression for ``re.DOTALL``."""
_ONE_NOT_A_RUN = "[^*]"
"""The same where the text is a glob itself: one character, and no run of them."""


def is_glob(pattern: str) -> bool:
    """True when ``pattern`` has a ``*`` or ``?``."""
    return "*" in pattern or "?" in pattern


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Says whether a text is any of ``patterns``."""
    literals = frozenset(pattern for pattern in patterns if not is_glob(pattern))
    globs = [pattern for pattern in patterns if is_glob(pattern)]
    if not globs:
        return literals.__contains__
    if begins := prefixes(patterns):
        return lambda text: text.startswith(begins)
    fits = re.compile("|".join(map(_expression, globs)), re.DOTALL).fullmatch
    return lambda text: text in literals or fits(text) is not None


def prefixes(patterns: Sequence[str]) -> tuple[str, ...]:
    """What a text has to begin with when all ``patterns`` say no more than that (``nightly-*``); else nothing."""
    found = tuple(pattern[:-1] for pattern in patterns if pattern.endswith("*") and not is_glob(pattern[:-1]))
    return found if len(found) == len(patterns) else ()


def first_of(groups: Sequence[Sequence[str]], *, of_globs: bool = False) -> Callable[[str], int | None]:
    """Says which is the first of ``groups`` with a pattern that fits a text; ``of_globs``: that fits all a glob fits.

    A name, a beginning (``data-*``) or an ending (``*@example.com``) is looked up; only other globs are tried in turn.
    """
    names: dict[str, int] = {}
    beginnings: dict[str, int] = {}
    endings: dict[str, int] = {}
    globs: list[tuple[int, str]] = []
    for index, patterns in enumerate(groups):
        for pattern in patterns:
            names.setdefault(pattern, index)
            if not is_glob(pattern):
                continue
            if pattern[-1] == "*" and not is_glob(pattern[:-1]):
                beginnings.setdefault(pattern[:-1], index)
            elif pattern[0] == "*" and not is_glob(pattern[1:]):
                endings.setdefault(pattern[1:], index)
            else:
                globs.append((index, _expression(pattern, _ONE_NOT_A_RUN if of_globs else _ONE)))
    begin_at = sorted({len(text) for text in beginnings})
    end_at = sorted({len(text) for text in endings})
    fits = re.compile("|".join(f"({expression})" for _, expression in globs), re.DOTALL).fullmatch if globs else None

    def first(text: str) -> int | None:
        found = [names.get(text)]
        found += [beginnings.get(text[:length]) for length in begin_at]
        found += [endings.get(text[-length:]) for length in end_at]
        if fits and (glob := fits(text)) and glob.lastindex is not None:
            found.append(globs[glob.lastindex - 1][0])
        return min((index for index in found if index is not None), default=None)

    return first


def _expression(pattern: str, one: str = _ONE) -> str:
    """``pattern`` as a regular expression that never tries a run of a ``*`` again: atomic groups, but for the last ``*``."""
    first, *rest = ("".join(one if char == "?" else re.escape(char) for char in part) for part in pattern.split("*"))
    if not rest:
        return first
    *middle, last = rest
    return "".join([first, *(f"(?>.*?{part})" for part in middle if part), f".*{last}"])
