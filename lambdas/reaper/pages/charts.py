"""Charts as SVG that is part of the page: no script, no style of its own, no colour that the page does not decide.

pygal lays a chart out; what it adds for a browser's script (tooltips, settings, styles) is taken out again, and the page's
stylesheet colours what is left. A chart is one image to assistive software, named in a sentence; what it shows is in the
table below it, too.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

from reaper.core.policy.problems import one_line
from reaper.pages.layout import Element, dollars, element, foreign

MOST_NAMED: Final = 6
"""Parts that have a colour of their own; what more there is, is summed up as "others"."""
OTHERS: Final = "others"
PATTERNS: Final = MOST_NAMED + 1

_WIDTH, _HEIGHT = 440, 250
_TICKS: Final = 4
_NAME: Final = 60
_LEGEND_NAME: Final = 40
_THOUSAND: Final = 1000.0
_BESIDE: Final = {"script", "defs", "desc", "title", "style"}
_LAYERS: Final = {"titles", "plot overlay", "plot text-overlay", "plot tooltip-overlay"}


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
        _legend(series),
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


def _pygal() -> tuple[Any, Any]:
    """pygal, and the style that leaves labels their room."""
    # Only where a page with charts is made: it takes a tenth of a second to load.
    import pygal  # noqa: PLC0415
    from pygal.style import Style  # noqa: PLC0415

    # It hooks itself into every later import, for the sake of plugins, by means that Python 3.12 dropped.
    sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != "pygal"]
    return pygal, Style(label_font_size=13, major_label_font_size=13)


def _svg(series: Sequence[Series], bars: Sequence[str], alternative: str) -> Element:
    pygal, label_style = _pygal()
    tops = [math.fsum(one.amounts[bar] for one in series) for bar in range(len(bars))]
    ticks = _ticks(max(tops))
    # Amounts are drawn as shares of the highest tick: pygal's own arithmetic is not made for billions or millionths.
    scale = ticks[-1]
    chart: Any = pygal.StackedBar(
        width=_WIDTH,
        height=_HEIGHT,
        margin=6,
        js=(),
        css=(),
        show_legend=False,
        range=(0, 1),
        truncate_label=-1,
        style=label_style,
    )
    chart.x_labels = _thinned(bars)
    chart.y_labels = [{"label": short_dollars(tick), "value": tick / scale} for tick in ticks]
    for one in series:
        chart.add("", [amount / scale for amount in one.amounts])
    drawn: Any = chart.render_tree()
    svg = ET.fromstring(ET.tostring(drawn, encoding="unicode"))  # noqa: S314 - made just now, and a tree to work on
    made = _only_drawing(svg)
    made.attrib.clear()
    made.attrib |= {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "role": "img", "aria-label": alternative, "class": "bars"}
    _name_bars(made, series, bars)
    return made


def _only_drawing(node: ET.Element) -> ET.Element:
    """``node`` without what pygal puts there for its script, and without namespaces, which HTML does not write."""
    made = ET.Element(node.tag.rpartition("}")[2])
    made.attrib |= {key: value for key, value in node.attrib.items() if key in _KEPT}
    if made.tag == "text":
        made.text = node.text
    for child in node:
        tag = str(child.tag).rpartition("}")[2]
        if tag not in _BESIDE and child.get("class") not in _LAYERS:
            made.append(_only_drawing(child))
    return made


_KEPT: Final = {"class", "d", "x", "y", "width", "height", "transform"}


def _name_bars(svg: ET.Element, series: Sequence[Series], bars: Sequence[str]) -> None:
    """Give each part of a bar its colour, and the words that a pointer shows."""
    for number, one in enumerate(series):
        group = next(node for node in svg.iter("g") if f"serie-{number}" in node.get("class", "").split())
        for bar, node in enumerate(node for node in group.iter("g") if node.get("class") == "bar"):
            rect = node[0]
            rect.set("class", f"part c{one.colour}")
            words = f"{one.name[:_NAME]}, {bars[bar]}: {dollars(one.amounts[bar])}"
            rect.append(element("title", None, one_line(words)))
            if not one.amounts[bar]:
                node.remove(rect)


def _thinned(bars: Sequence[str]) -> list[str]:
    """At most eight labels; a chart of two months by day has no room for more."""
    every = max(1, math.ceil(len(bars) / 8))
    return [bar if number % every == 0 else "" for number, bar in enumerate(bars)]


def _legend(series: Sequence[Series]) -> Element:
    return element("ul", {"class": "legend"}, *(_legend_item(one) for one in series))


def _legend_item(one: Series) -> Element:
    square = element("rect", {"class": f"part c{one.colour}", "x": ".5", "y": ".5", "width": "13", "height": "13"})
    swatch = element("svg", {"viewBox": "0 0 14 14", "aria-hidden": "true", "focusable": "false"}, square)
    return element(
        "li",
        None,
        swatch,
        foreign(one.name, shown=_LEGEND_NAME),
        element("span", {"class": "figure"}, dollars(one.total)),
    )


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
