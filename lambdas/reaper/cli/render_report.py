"""The report of a plan or a run, in every format. Pure: the public report document in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from reaper.cli.grid import Grid, Stack, comma_separated, markdown, plain, stacked
from reaper.cli.render_rows import (
    CARD_COLUMNS,
    Json,
    as_json,
    as_json_lines,
    blind_lines,
    blind_markdown,
    card,
    csv_facts,
    csv_ref,
    guard_lines,
    guard_markdown,
    joined,
    state,
)
from reaper.cli.text import NOTHING, UNKNOWN, clean, count, fact, scope
from reaper.core.outcome import RANK, Outcome
from reaper.wire.common import FACTS

if TYPE_CHECKING:
    from reaper.cli.console import Surface

_CSV_COLUMNS = (
    "type",
    "outcome",
    "verdict",
    "policy",
    "service",
    "account",
    "region",
    "scope",
    "id",
    *FACTS,
    "detail",
)


def render_report(document: Json, output: str, surface: Surface) -> str:
    """``document`` as ``output``: ``table json jsonl csv markdown``. The human formats name every blind scope too."""
    findings, blind, guards = _in_order(document["findings"]), document["blind"], document.get("guards", ())
    match output:
        case "json":
            return as_json(document)
        case "jsonl":
            return as_json_lines("finding", document["findings"], blind)
        case "csv":
            return comma_separated(_CSV_COLUMNS, _csv_rows(document["findings"], blind))
        case "markdown":
            return joined(
                _nothing(document) if not findings else markdown(_wide(findings)),
                guard_markdown(guards),
                blind_markdown(blind),
            )
        case _:
            return joined(
                _table(document, findings, surface),
                guard_lines(guards, surface.width),
                blind_lines(blind, surface.width),
            )


def summary(document: Json, *, enforcing: bool, planned_only: bool = False) -> list[str]:
    """What came of it, in a few lines for people. ``planned_only``: nothing could have been stopped in any case."""
    sessions, totals = document["sessions"], document["totals"]
    parts = [f"{totals[outcome]} {outcome.row.counted}" for outcome in Outcome if totals.get(outcome)]
    lines = [
        f"{count(sessions['seen'], 'session')} seen, {sessions['live']} live: {', '.join(parts) or 'nothing to report'}."
    ]
    if document["idle_cost"]:
        lines.append(f"Idleness has cost about {document['idle_cost']:.2f} USD so far (an estimate from list prices).")
    lines += [clean(note) for note in document.get("notes", ())]
    if guards := document.get("guards"):
        lines.append(f"STOPS ARE WITHHELD in {count(len(guards), 'scope')} by a guard that should be looked at.")
    if blind := document["blind"]:
        lines.append(f"{count(len(blind), 'scope')} COULD NOT BE READ: what runs there is unknown.")
    if planned_only:
        lines.append("This is a plan: nothing was changed.")
    elif not enforcing:
        lines.append("Report mode: nothing was stopped; add --enforce to stop.")
    return lines


def _table(document: Json, findings: Sequence[Json], surface: Surface) -> str:
    if not findings:
        return _nothing(document)
    return plain(_wide(findings)) if surface.width is None else stacked(_stacks(findings), surface, surface.width)


def _nothing(document: Json) -> str:
    where = "the sessions that could be read" if document["blind"] else "any session"
    live = count(document["sessions"]["live"], "live session")
    return f"No policy has anything to say about {where} ({live}).\n"


def _in_order(findings: Sequence[Json]) -> list[Json]:
    return sorted(findings, key=lambda finding: RANK.get(finding["outcome"], -1))


def _wide(findings: Sequence[Json]) -> Grid:
    """One line per session with everything that tells it apart, for pipes and documents."""
    columns = "OUTCOME SERVICE ACCOUNT REGION SCOPE SESSION NAME STATE IDLE AGE OWNER POLICY REASON"
    return Grid(
        tuple(columns.split()),
        tuple(
            (
                finding["outcome"],
                clean(finding["ref"]["service"]),
                clean(finding["ref"]["account"]),
                clean(finding["ref"]["region"]),
                scope(finding["ref"]["scope"]),
                clean(finding["ref"]["id"]),
                fact(finding["facts"], "name"),
                state(finding["facts"]),
                fact(finding["facts"], "idle_for"),
                fact(finding["facts"], "age"),
                fact(finding["facts"], "owner"),
                clean(finding["policy"] or ""),
                _reason(finding),
            )
            for finding in findings
        ),
    )


def _stacks(findings: Sequence[Json]) -> list[Stack]:
    """The findings for a terminal, by outcome."""
    stacks: list[Stack] = []
    for name, members in groupby(findings, key=lambda finding: finding["outcome"]):
        cards = tuple(card(one, _why(one)) for one in members)
        known = Outcome.read(name)
        heading = known.row.counted.capitalize() if known else clean(name)
        stacks.append(Stack(f"{heading} ({len(cards)})", CARD_COLUMNS, cards))
    return stacks


def _why(finding: Json) -> str:
    return ": ".join(part for part in (clean(finding["policy"] or ""), _reason(finding)) if part)


def _reason(finding: Json) -> str:
    if finding["detail"]:
        return clean(finding["detail"])
    idle = fact(finding["facts"], "idle_for")
    stops = finding["verdict"] == "stop" and idle not in {"", NOTHING, UNKNOWN, "0s"}
    return f"idle for {idle}" if stops else "the policy applies"


def _csv_rows(findings: Sequence[Json], blind: Sequence[Json]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        (
            "finding",
            finding["outcome"],
            finding["verdict"],
            finding["policy"],
            *csv_ref(finding["ref"]),
            finding["ref"]["id"],
            *csv_facts(finding["facts"], FACTS),
            finding["detail"],
        )
        for finding in findings
    ]
    rows += [("blind", None, None, None, *csv_ref(one), None, *(None,) * len(FACTS), one["error"]) for one in blind]
    return rows
