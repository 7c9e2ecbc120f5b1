"""How a text is spelt, and what it was probably meant to be: case, blanks and separators are where hands slip."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from unicodedata import normalize

LONGEST: Final = 256
"""Characters of a text that is looked at: no service takes a longer tag, and to bring piles of marks into their normal order
takes time that grows with the square of their number."""


@lru_cache(maxsize=4096)
def bare(text: str, also: str = "") -> str:
    """The letters and digits of ``text`` in lower case, and the characters ``also``: what two spellings have in common.

    ``Session-Reaper:Keep_Until`` and ``session-reaper/keep-until`` have it all in common. A text over
    :data:`LONGEST` has nothing in common with others, and is given as it is.
    """
    if len(text) > LONGEST:
        return text
    return "".join(char for char in normalize("NFKC", text).casefold() if char.isalnum() or char in also)
