"""What a benchmark found: a ratio, the budget it is held to, and the figures behind it."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Budget(StrEnum):
    """On which side of its limit a measurement has to be."""

    AT_MOST = "<="
    AT_LEAST = ">="


class BenchmarkError(Exception):
    """A benchmark could not run, or did not measure what it claims. ``str(error)`` is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One measurement. ``limit`` is ``None`` where there is no budget, only something worth knowing."""

    what: str
    measured: float
    unit: str = "x"
    budget: Budget = Budget.AT_MOST
    limit: float | None
    detail: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether it is within its budget; ``None`` without one."""
        if self.limit is None:
            return None
        return self.measured <= self.limit if self.budget is Budget.AT_MOST else self.measured >= self.limit

    @property
    def verdict(self) -> str:
        """``ok``, ``over``, or nothing where nothing is promised."""
        return {True: "ok", False: "over", None: ""}[self.ok]

    @property
    def promise(self) -> str:
        """The budget as text: ``<= 1.05 x``."""
        return "" if self.limit is None else f"{self.budget.value} {self.limit:g} {self.unit}"

    def to_json(self) -> dict[str, Any]:
        """The measurement as plain JSON data; ``ok`` is null without a budget."""
        return {
            "what": self.what,
            "measured": round(self.measured, 4),
            "unit": self.unit,
            "budget": self.promise or None,
            "ok": self.ok,
            "detail": self.detail,
        }


def check(holds: bool, sentence: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Raise :class:`BenchmarkError` with ``sentence`` unless ``holds``."""
    if not holds:
        raise BenchmarkError(sentence)


def side_by_side(
    ours: Callable[[], float], theirs: Callable[[], float], rounds: int
) -> tuple[list[float], list[float]]:
    """What both cost, measured in turn and in alternating order, so that a busy machine is busy for both."""
    mine: list[float] = []
    other: list[float] = []
    for number in range(rounds):
        for measure, into in ((ours, mine), (theirs, other))[:: -1 if number % 2 else 1]:
            into.append(measure())
    return mine, other


def median_ratio(numerators: list[float], denominators: list[float]) -> float:
    """The median of the ratios of each round."""
    return statistics.median(one / other for one, other in zip(numerators, denominators, strict=True))


def spread(ratios: list[float]) -> str:
    """The least and the most of several rounds, for people: ``0.81-0.84 in 5 rounds``."""
    return f"{min(ratios):.2f}-{max(ratios):.2f} in {len(ratios)} rounds"
