"""How the time that something takes grows with its input, told by ratios: no clock on the wall, no limit in seconds."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def cost(asked: Callable[[str], object], text: str, times: int = 20) -> float:
    """Processor seconds of asking ``times`` times, at best of three: what other processes do meanwhile does not count."""
    costs: list[float] = []
    for _ in range(3):
        began = process_time()
        for _ in range(times):
            asked(text)
        costs.append(process_time() - began)
    return min(costs)
