"""Charts as SVG that is part of the page: no script, no style of its own, no colour that the page does not decide.

A chart is one image to assistive software, named in a sentence; what it shows is in the table below it, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reaper.core.policy.problems import one_line
from reaper.pages.layout import Element, dollars, element, foreign

MOST_NAMED: Final = 6
"""Parts that have a colour of their own; what more there is, is summed up as "others"."""
OTHERS: Final = "others"

_WIDTH, _HEIGHT = 440, 250
_TOP, _BOTTOM, _RIGHT = 14, _HEIGHT - 28, _WIDTH - 4
"""The edges of the plot, in the units of the view box; its left edge leaves room for the amounts beside it."""
_LETTER: Final = 8.5
"""The width of a digit, at most, at the size the stylesheet gives it."""
_BAR: Final = 0.78
"""The share of its place that a bar fills."""
_WIDEST_BAR: Final = 90.0
_TICKS: Final = 4
_LABELS: Final = 8
_NAME: Final = 60
_LEGEND_NAME: Final = 40
_THOUSAND: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Series:
    """One part of each bar: whose, its colour's number, and USD by bar."""

    name: str
    colour: int
    amounts: tuple[float, ...]

    @property
    def total(self) -> float:
        """USD of all bars."""
        return math.fsum(self.amounts)


def series_of(amounts: Mapping[str, Sequence[float]], order: Sequence[str]) -> tuple[Series, ...]:
    """The parts in ``order``, which also gives the colours; those past :data:`MOST_NAMED` are summed as "others"."""
    named = list(order) if len(order) <= MOST_NAMED + 1 else list(order)[:MOST_NAMED]
    found = [Series(name, colour, tuple(amounts[name])) for colour, name in enumerate(named) if name in amounts]
    rest = [amounts[name] for name in order if name not in named and name in amounts]
    if rest:
        found.append(
            Series(f"{OTHERS} ({len(order) - MOST_NAMED})", MOST_NAMED, tuple(map(math.fsum, zip(*rest, strict=True))))
        )
    return tuple(one for one in found if one.total)


def figure(title: str, series: Sequence[Series], bars: Sequence[str], *, of: str) -> Element:
    """A stacked bar for each of ``bars``, with its legend and its table. ``of`` says what a part is: "team"."""
    if not series:
        return element(
            "figure",
            {"class": "chart"},
            element("figcaption", None, title),
            element("p", {"class": "soft"}, "Nothing."),
        )
    return element(
        "figure",
        {"class": "chart"},
        element("figcaption", None, title, element("span", {"class": "sum"}, _sum(series))),
        _svg(series, bars, _alternative(title, series, bars, of)),
        _legend(series, bars),
        element(
            "details", None, element("summary", None, f"The numbers: {title.lower()}"), _table(title, series, bars, of)
        ),
    )


def patterns() -> Element:
    """What bars are filled with on paper, where colours may be missing. Once in a page, before its charts."""
    strokes = (
        "",  # full
        "M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2",
        "M0,3 h6",
        "M1,1 h2 v2 h-2 z",
        "M0,0 l6,6 M-1,5 l2,2 M5,-1 l2,2",
        "M3,0 v6",
        "",  # white
    )
    made = [
        element(
            "pattern",
            {"id": f"fill{number}", "width": "6", "height": "6", "patternUnits": "userSpaceOnUse"},
            element("rect", {"width": "6", "height": "6", "fill": "#555" if number == 0 else "#fff"}),
            element("path", {"d": stroke, "stroke": "#000", "stroke-width": "1.4", "fill": "none"}) if stroke else None,
        )
        for number, stroke in enumerate(strokes)
    ]
    attributes = {"class": "patterns", "width": "0", "height": "0", "aria-hidden": "true", "focusable": "false"}
    return element("svg", attributes, element("defs", None, *made))


def short_dollars(amount: float) -> str:
    """``$1.2k``: for the axis of a chart."""
    for size, unit in ((_THOUSAND**3, "bn"), (_THOUSAND**2, "m"), (_THOUSAND, "k")):
        if amount >= size:
            return f"${amount / size:.3g}{unit}"
    return f"${amount:.3g}"


def _sum(series: Sequence[Series]) -> str:
    return dollars(math.fsum(one.total for one in series))


def _alternative(title: str, series: Sequence[Series], bars: Sequence[str], of: str) -> str:
    """The chart in a sentence."""
    tallest = max(range(len(bars)), key=lambda bar: math.fsum(one.amounts[bar] for one in series))
    most = max(series, key=lambda one: one.total)
    whose = one_line(most.name[:_NAME])
    return (
        f"{title}: {_sum(series)} in all. The most by {of}: {whose}, {dollars(most.total)}. The highest bar:"
        f" {bars[tallest]}, {dollars(math.fsum(one.amounts[tallest] for one in series))}. The numbers are in the table below."
    )


def _ticks(top: float) -> list[float]:
    """Round numbers from 0 until past ``top``."""
    rough = top / _TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough)
    return [step * number for number in range(math.ceil(top / step - 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where things are in a chart of ``count`` bars whose axis goes up to ``top`` USD."""

    left: float
    top: float
    count: int

    def height(self, amount: float) -> float:
        return amount / self.top * (_BOTTOM - _TOP)

    def middle(self, bar: int) -> float:
        return self.left + (bar + 0.5) * self._place

    @property
    def width(self) -> float:
        """Of a bar."""
        return min(self._place * _BAR, _WIDEST_BAR)

    @property
    def _place(self) -> float:
        return (_RIGHT - self.left) / self.count


def _svg(series: Sequence[Series], bars: Sequence[str], alternative: str) -> Element:
    totals = [math.fsum(one.amounts[bar] for one in series) for bar in range(len(bars))]
    ticks = _ticks(max(totals))
    plot = _Plot(max(len(short_dollars(tick)) for tick in ticks) * _LETTER + 8, ticks[-1], len(bars))
    attributes = {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "role": "img", "aria-label": alternative, "class": "bars"}
    return element(
        "svg",
        attributes,
        element("g", {"class": "y"}, *_amounts(plot, ticks)),
        element("g", {"class": "x"}, *_names(plot, bars)),
        *(_stack(plot, series, bars, bar) for bar in range(len(bars))),
        _line("base", plot.left, _BOTTOM),
        *_average(plot, _mean(series, bars)),
    )


def _amounts(plot: _Plot, ticks: Sequence[float]) -> Iterable[Element]:
    """A line across the plot for each tick, and its amount beside it."""
    for tick in ticks:
        y = _BOTTOM - plot.height(tick)
        yield _line("line", plot.left, y)
        yield element("text", {"x": _number(plot.left - 8), "y": _number(y + 4.5)}, short_dollars(tick))


def _names(plot: _Plot, bars: Sequence[str]) -> Iterable[Element]:
    """The names of at most eight bars; a chart of two months by day has no room for more."""
    for bar in range(0, len(bars), math.ceil(len(bars) / _LABELS)):
        yield element("text", {"x": _number(plot.middle(bar)), "y": str(_BOTTOM + 19)}, bars[bar])


def _stack(plot: _Plot, series: Sequence[Series], bars: Sequence[str], bar: int) -> Element:
    """One bar: the first part lies at the bottom, and each says what it is to a pointer."""
    stack = element("g", {"class": "bar"})
    y = float(_BOTTOM)
    for one in series:
        amount = one.amounts[bar]
        if not amount:
            continue
        y -= plot.height(amount)
        place = {"x": plot.middle(bar) - plot.width / 2, "y": y, "width": plot.width, "height": plot.height(amount)}
        words = one_line(f"{one.name[:_NAME]}, {bars[bar]}: {dollars(amount)}")
        attributes = {"class": f"part c{one.colour}", **{name: _number(value) for name, value in place.items()}}
        stack.append(element("rect", attributes, element("title", None, words)))
    return stack


def _average(plot: _Plot, mean: float) -> Iterable[Element]:
    """A line at the mean of all bars, where there are several; a wider one below it parts it from their colours."""
    if plot.count > 1:
        y = _BOTTOM - plot.height(mean)
        yield _line("halo", plot.left, y)
        yield _line("mean", plot.left, y, element("title", None, f"average of the bars: {dollars(mean)}"))


def _line(kind: str, left: float, y: float, *children: Element) -> Element:
    return element("path", {"class": kind, "d": f"M{_number(left)} {_number(y)}H{_RIGHT}"}, *children)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _legend(series: Sequence[Series], bars: Sequence[str]) -> Element:
    square = {"x": ".5", "y": ".5", "width": "13", "height": "13"}
    items = [
        _legend_item(
            element("rect", {"class": f"part c{one.colour}", **square}),
            foreign(one.name, shown=_LEGEND_NAME),
            one.total,
        )
        for one in series
    ]
    if len(bars) > 1:
        dashes = element("path", {"class": "mean", "d": "M0 7H14"})
        items.append(_legend_item(dashes, element("bdi", None, "average of the bars"), _mean(series, bars)))
    return element("ul", {"class": "legend"}, *items)


def _legend_item(mark: Element, name: Element, amount: float) -> Element:
    swatch = element("svg", {"viewBox": "0 0 14 14", "aria-hidden": "true", "focusable": "false"}, mark)
    return element("li", None, swatch, name, element("span", {"class": "figure"}, dollars(amount)))


def _mean(series: Sequence[Series], bars: Sequence[str]) -> float:
    return math.fsum(one.total for one in series) / len(bars)


def _table(title: str, series: Sequence[Series], bars: Sequence[str], of: str) -> Element:
    """Parts as columns would not fit a phone: a row for each, and the bars as columns that scroll."""
    head = [element("th", {"scope": "col"}, text) for text in (of.capitalize(), *bars, "In all")]
    rows = [
        element(
            "tr",
            None,
            element("th", {"scope": "row"}, foreign(one.name, shown=_NAME)),
            *(element("td", {"class": "figure"}, dollars(amount) if amount else "-") for amount in one.amounts),
            element("td", {"class": "figure"}, dollars(one.total)),
        )
        for one in series
    ]
    region = {"class": "scroll", "role": "region", "tabindex": "0", "aria-label": f"The numbers: {title.lower()}"}
    return element(
        "div",
        region,
        element("table", None, element("thead", None, element("tr", None, *head)), element("tbody", None, *rows)),
    )
