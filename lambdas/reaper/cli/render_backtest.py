"""A backtest, in every format. Pure: its document in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reaper.cli.grid import Card, Grid, Stack, comma_separated, markdown, markdown_text, plain, stacked, wrapped
from reaper.cli.render_rows import CARD_COLUMNS, Json, as_json, card, csv_facts, csv_ref, joined
from reaper.cli.text import UNKNOWN, clean, count, fact, scope
from reaper.core import durations
from reaper.core.backtest import Afterwards

if TYPE_CHECKING:
    from reaper.cli.console import Surface

FORMATS = ("table", "json", "csv", "markdown")

AS_WRITTEN = "as written"
NOT_REPLAYED = "NOT REPLAYED; what happened there is unknown"

_WORDS = {
    Afterwards.USED: "USED AGAIN",
    Afterwards.UNUSED: "not used again",
    Afterwards.UNSEEN: "not seen again",
    Afterwards.UNTOLD: "its use was not recorded",
}
_TALLY = (
    "stops",
    "false_stops",
    "not_used_again",
    "not_seen_again",
    "use_not_recorded",
    "saved",
    "saved_by_false_stops",
)
_LEFT = ("undetermined", "not_recorded", "withheld")
_SUMMARY_COLUMNS = (
    "THRESHOLD",
    "POLICY",
    "STOPS",
    "FALSE STOPS",
    "NOT USED AGAIN",
    "NOT SEEN AGAIN",
    "USE NOT RECORDED",
    "EST. SAVED USD",
    "BY FALSE STOPS",
    "UNDETERMINED",
    "NOT RECORDED",
    "WITHHELD",
)
_FACTS = ("name", "age", "idle_for", "owner")
_CSV_COLUMNS = (
    "type",
    "threshold",
    "policy",
    *_TALLY,
    "without_price",
    *_LEFT,
    "service",
    "account",
    "region",
    "scope",
    "id",
    *_FACTS,
    "at",
    "afterwards",
    "used_at",
    "last_seen",
    "detail",
)


def render_backtest(document: Json, output: str, surface: Surface) -> str:
    """``document`` as ``output``. The formats for people list the stops of the policies as written, false ones first."""
    history, variants, stops = document["history"], document["variants"], _false_first(document)
    match output:
        case "json":
            return as_json(document)
        case "csv":
            return comma_separated(_CSV_COLUMNS, _csv_rows(document))
        case "markdown":
            shown = [markdown(_by_threshold(variants)), f"**{_title(stops)}**\n" if stops else ""]
            return joined(*shown, markdown(_wide(stops)) if stops else "", _gaps_markdown(history))
        case _ if surface.width is None:
            listed = f"{_title(stops)}:\n{plain(_wide(stops))}" if stops else ""
            return joined(plain(_by_threshold(variants)), listed, _gaps(history, None))
        case _:
            return joined(
                stacked([_tallies(variants)], surface, surface.width),
                stacked([_cards(stops)], surface, surface.width) if stops else "",
                _gaps(history, surface.width),
            )


def summary(document: Json, *, thresholds: bool) -> list[str]:
    """What came of it, in a few lines for people. ``thresholds``: some were asked for."""
    history, written = document["history"], document["variants"][0]
    total = written["total"]
    when = f", from {history['began']} to {history['ended']}" if history["began"] else ""
    stopped = (
        f"As written, the policies would have stopped {count(total['stops'], 'session')};"
        f" {count(total['false_stops'], 'false stop')} (used again later)."
    )
    lines = [
        f"{count(history['sweeps'], 'sweep')} with {count(history['sessions'], 'session')} replayed{when}.",
        stopped,
    ]
    if total["stops"] > total["without_price"]:
        unpriced = f"; {count(total['without_price'], 'stop')} without a known price" if total["without_price"] else ""
        lines.append(
            f"That would have saved about {total['saved']:.2f} USD, {total['saved_by_false_stops']:.2f} of it by false stops"
            f" (an estimate: idle price times how long each was still seen{unpriced})."
        )
    if written["not_recorded"]:
        lines.append(
            f"{count(written['not_recorded'], 'session')} could not be judged: facts these policies ask for were not recorded."
        )
    if written["withheld"]:
        lines.append(f"Guards would have withheld the stop of {count(written['withheld'], 'session')}.")
    lines += _unvaried(document) if thresholds else []
    if history["skipped"]:
        lines.append(
            f"{count(len(history['skipped']), 'recording')} COULD NOT BE READ: what lies in there is not in this."
        )
    if history["missing_days"]:
        lines.append(f"Nothing was recorded on some days: {_days(history['missing_days'])}.")
    return lines


def _unvaried(document: Json) -> list[str]:
    same = [one["policy"] for one in document["variants"][0]["policies"] if one["policy"] not in document["varied"]]
    return (
        [f"The same at every threshold, comparing idle_for with no number: {clean(', '.join(same))}."] if same else []
    )


def _false_first(document: Json) -> list[Json]:
    return sorted(document["variants"][0]["stops"], key=lambda stop: stop["afterwards"] != Afterwards.USED)


def _tallies(variants: Sequence[Json]) -> Stack:
    """The same as :func:`_by_threshold`, for a terminal: what matters in columns, what else there is below."""
    grid = _by_threshold(variants)
    cards: list[Card] = []
    for threshold, policy, stops, false, *details in grid.rows:
        named = [f"{name.lower()} {value}" for name, value in zip(grid.columns[4:], details, strict=True)]
        notes = [note for note, value in zip(named, details, strict=True) if value not in {"", "0", "0.00"}]
        cards.append(Card((f"{threshold}: {policy}", stops, false), (", ".join(notes),) if notes else ()))
    return Stack("What the policies would have done", ("POLICY", "STOPS", "FALSE STOPS"), tuple(cards))


def _by_threshold(variants: Sequence[Json]) -> Grid:
    rows: list[tuple[str, ...]] = []
    for variant in variants:
        left = tuple(str(variant[name]) for name in _LEFT)
        policies = variant["policies"]
        alone = len(policies) == 1
        rows += [_tally_row(variant, one["policy"], one, left if alone else ("",) * len(_LEFT)) for one in policies]
        rows += [] if alone else [_tally_row(variant, "(all)", variant["total"], left)]
    return Grid(_SUMMARY_COLUMNS, tuple(rows))


def _tally_row(variant: Json, name: str, tally: Json, left: tuple[str, ...]) -> tuple[str, ...]:
    unpriced = tally["stops"] and tally["stops"] == tally["without_price"]
    cells = (
        str(tally[key]) if not key.startswith("saved") else UNKNOWN if unpriced else f"{tally[key]:.2f}"
        for key in _TALLY
    )
    return (_threshold(variant), clean(name), *cells, *left)


def _threshold(variant: Json) -> str:
    return AS_WRITTEN if variant["threshold"] is None else durations.format(variant["threshold"])


def _title(stops: Sequence[Json]) -> str:
    return f"Would have been stopped, as written ({len(stops)})"


def _wide(stops: Sequence[Json]) -> Grid:
    columns = "WHEN AFTERWARDS SERVICE ACCOUNT REGION SCOPE SESSION NAME IDLE OWNER POLICY SAVED"
    return Grid(
        tuple(columns.split()),
        tuple(
            (
                clean(stop["at"]),
                _afterwards(stop),
                clean(stop["ref"]["service"]),
                clean(stop["ref"]["account"]),
                clean(stop["ref"]["region"]),
                scope(stop["ref"]["scope"]),
                clean(stop["ref"]["id"]),
                fact(stop["facts"], "name"),
                fact(stop["facts"], "idle_for"),
                fact(stop["facts"], "owner"),
                clean(stop["policy"]),
                _money(stop["saved"]),
            )
            for stop in stops
        ),
    )


def _cards(stops: Sequence[Json]) -> Stack:
    """The same for a terminal."""
    return Stack(_title(stops), CARD_COLUMNS, tuple(card(stop, _told(stop)) for stop in stops))


def _told(stop: Json) -> str:
    saved = "no price known" if stop["saved"] is None else f"saved {stop['saved']:.2f} USD"
    return f"{clean(stop['policy'])} at {clean(stop['at'])}: {_afterwards(stop)}; {saved}"


def _afterwards(stop: Json) -> str:
    words = _WORDS[Afterwards(stop["afterwards"])]
    return f"{words}, seen {clean(stop['used_at'])}" if stop["used_at"] else words


def _money(saved: float | None) -> str:
    return UNKNOWN if saved is None else f"{saved:.2f}"


def _gap_lines(history: Json) -> list[str]:
    lines = [f"{clean(one['name'])}: {clean(one['why'])}" for one in history["skipped"]]
    return lines + ([f"no recordings: {_days(history['missing_days'])}"] if history["missing_days"] else [])


def _gaps(history: Json, width: int | None) -> str:
    lines = _gap_lines(history)
    if not lines:
        return ""
    if width is None:
        return "\n".join([f"{NOT_REPLAYED}:", *(f"  {line}" for line in lines)]) + "\n"
    shown = [*wrapped(f"{NOT_REPLAYED}:", width), *(part for line in lines for part in wrapped(line, width, "  "))]
    return "\n".join(shown) + "\n"


def _gaps_markdown(history: Json) -> str:
    lines = _gap_lines(history)
    return (
        "\n".join([f"**{NOT_REPLAYED}:**", "", *(f"- {markdown_text(line)}" for line in lines)]) + "\n" if lines else ""
    )


def _days(missing: Sequence[Json]) -> str:
    return ", ".join(
        days["from"] if days["from"] == days["to"] else f"{days['from']} to {days['to']}" for days in missing
    )


def _csv_rows(document: Json) -> list[tuple[object, ...]]:
    rows: list[dict[str, object]] = []
    for variant in document["variants"]:
        at: dict[str, object] = {"threshold": AS_WRITTEN if variant["threshold"] is None else variant["threshold"]}
        for one in variant["policies"]:
            rows.append({"type": "policy", **at, **one})  # noqa: PERF401 - typed so
        rows.append({"type": "total", **at, **variant["total"], **{name: variant[name] for name in _LEFT}})
        for stop in variant["stops"]:
            where = ("service", "account", "region", "scope")
            told = dict(zip(_FACTS, csv_facts(stop["facts"], _FACTS), strict=True))
            ref = {**dict(zip(where, csv_ref(stop["ref"]), strict=True)), "id": stop["ref"]["id"]}
            rows.append({"type": "stop", **at, **stop, **ref, **told})
    for line in _gap_lines(document["history"]):
        rows.append({"type": "not replayed", "detail": line})  # noqa: PERF401 - typed so
    return [tuple(row.get(column) for column in _CSV_COLUMNS) for row in rows]
