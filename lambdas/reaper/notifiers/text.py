"""A report as people read it: plain text for an email, and one line for its subject.

Takes the public JSON of a report (:func:`reaper.core.report.as_json`). Names and tags were written by strangers: they are
shown on one line, shortened, with every control character made visible.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any, Final

from reaper.core import durations
from reaper.core.outcome import Outcome
from reaper.core.policy.problems import one_line

Json = Mapping[str, Any]

SUBJECT_LENGTH: Final = 100
"""SNS refuses a longer subject, and one that is not ASCII (Publish, parameter Subject)."""
_SHOWN: Final = 200
_A_SECTION: Final = 50
_NOTES: Final = 10

_HEADINGS: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.FAILED: ("could not be stopped", "COULD NOT BE STOPPED"),
    Outcome.NOT_STOPPING: ("still running after a stop", "STILL RUNNING, though the service accepted our stop"),
    Outcome.STOPPED: ("stopped", "STOPPED"),
    Outcome.WITHHELD: ("held back by a guard", "HELD BACK by a guard, so not stopped"),
    Outcome.WOULD_STOP: ("would be stopped", "WOULD BE STOPPED in enforce mode"),
    Outcome.WARNED: ("warned", "WARNED, in their grace period"),
    Outcome.SPARED: ("spared", "SPARED, because they woke up just before the stop"),
    Outcome.UNDETERMINED: ("could not be judged", "COULD NOT BE JUDGED, so left alone"),
    Outcome.REPORTED: ("reported", "REPORTED, as a policy asks"),
    Outcome.CONFIRMED: ("confirmed as ended", "CONFIRMED: what an earlier sweep stopped has ended"),
    Outcome.ALREADY_GONE: ("already gone", "ALREADY GONE when the stop came"),
    Outcome.PROTECTED: ("protected", "PROTECTED, so left alone"),
    Outcome.SNOOZED: ("snoozed", "SNOOZED by their owners"),
}
"""Each outcome in a summary and over a section, the most important first."""

_ADVICE: Final[Mapping[Outcome, str]] = {
    Outcome.FAILED: "Stop what could not be stopped by hand, and mend the reason given; the next sweep tries again.",
    Outcome.NOT_STOPPING: "Look at what runs on after a stop: it is still being billed.",
    Outcome.WITHHELD: "A guard held stops back: check that the policies mean so many sessions before raising it.",
    Outcome.WOULD_STOP: "To have such sessions stopped, set mode to enforce in cdk.json and deploy again.",
    Outcome.UNDETERMINED: "What could not be judged is never stopped: mend the reason given, or look at it yourself.",
}
_KEEP: Final = "To keep a session, tag it session-reaper/keep-until with a date, such as 2030-01-31."
_BLIND: Final = "Mend what could not be read: until then nothing there is judged or stopped."

RANK: Final[Mapping[str, int]] = {outcome.value: rank for rank, outcome in enumerate(_HEADINGS)}


def subject(report: Json) -> str:
    """One ASCII line of at most 100 characters: the mode and what matters most."""
    told = [report["error"]] if "error" in report else _counts(report)
    line = f"Session Reaper, {report['mode']} mode: {', '.join(told) or 'nothing found'}"
    plain = "".join(char if " " <= char <= "~" else "?" for char in line)
    return plain if len(plain) <= SUBJECT_LENGTH else f"{plain[: SUBJECT_LENGTH - 3]}..."


def ranked(findings: Iterable[Json]) -> list[Json]:
    """``findings``, those that matter most first; an outcome nobody knows yet comes before all others."""
    return sorted(findings, key=_rank)


def render(report: Json, *, room: int, where: str = "") -> str:
    """The whole report as text. Once its sections take ``room`` bytes as JSON, the rest is counted, not told.

    ``where`` says in words where all of it can be read.
    """
    blocks = list(_opening(report))
    for heading, items in _sections(report):
        lines = [f"{heading} ({len(items)})"]
        for item in islice(map(_lines, items), _A_SECTION):
            room -= len(json.dumps(item))
            if room < 0:
                break
            lines.append(item)
        if missing := len(items) - len(lines) + 1:
            lines.append(f"... and {missing} more{f', see {where}' if where else ''}")
        blocks.append("\n".join(lines))
    blocks += _closing(report)
    return "\n\n".join(blocks) + "\n"


def shown(value: object) -> str:
    """``value`` on one line, with nothing in it that steers a terminal or a mail reader, and not too long."""
    text = str(value)
    return one_line(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def _opening(report: Json) -> Iterator[str]:
    sessions = report["sessions"]
    counts = _counts(report)
    if "error" in report:
        yield f"Session Reaper stopped nothing and looked at nothing.\n{shown(report['error'])}"
    else:
        yield f"Session Reaper, {report['mode']} mode: {', '.join(counts) or 'nothing found'}."
    facts = [
        f"{sessions['seen']} sessions seen, {sessions['live']} of them live.",
        f"Sweep {shown(report['run_id'])}, {report['started_at']} to {report['finished_at']}.",
    ]
    if report["idle_cost"]:
        facts.insert(0, f"Their idleness has cost about {report['idle_cost']:.2f} USD so far (an estimate).")
    if report["mode"] == "report":
        facts.insert(0, "In report mode nothing is stopped.")
    yield "\n".join([*facts, *(f"Note: {shown(note)}" for note in report.get("notes", ())[:_NOTES])])


def _sections(report: Json) -> Iterator[tuple[str, list[Json]]]:
    if report["blind"]:
        yield "COULD NOT BE READ, so what runs there is unknown", report["blind"]
    if guards := report.get("guards"):
        yield "GUARDS that hold back every stop of a place", guards
    for outcome, findings in groupby(ranked(report["findings"]), key=lambda finding: finding["outcome"]):
        yield _heading(outcome), list(findings)


def _lines(item: Json) -> str:
    """A finding, a blind scope or a tripped guard, as some indented lines."""
    if "ref" in item:
        return "\n".join(_finding(item))
    return f"- {_place(item)}\n    {shown(item.get('error') or item.get('detail'))}"


def _closing(report: Json) -> Iterator[str]:
    outcomes = set(report["totals"])
    advice = [_BLIND] if report["blind"] else []
    advice += [sentence for outcome, sentence in _ADVICE.items() if outcome.value in outcomes]
    if outcomes & {Outcome.WOULD_STOP.value, Outcome.WARNED.value, Outcome.WITHHELD.value}:
        advice.append(_KEEP)
    if advice:
        yield "\n".join(["WHAT TO DO", *(f"- {sentence}" for sentence in advice)])


def _counts(report: Json) -> list[str]:
    totals = report["totals"]
    known = [f"{totals[outcome]} {words[0]}" for outcome, words in _HEADINGS.items() if totals.get(outcome)]
    unknown = [f"{count} {shown(outcome)}" for outcome, count in totals.items() if outcome not in RANK and count]
    unread = len(report["blind"])
    return [*([f"{unread} could not be read"] if unread else []), *unknown, *known]


def _finding(finding: Json) -> Iterator[str]:
    ref, facts = finding["ref"], finding["facts"]
    name = facts.get("name")
    yield f"- {shown(ref['id'])}{f' ({shown(name)})' if isinstance(name, str) and name != ref['id'] else ''}"
    yield f"    {_place(ref)}"
    if known := list(_known(facts)):
        yield f"    {', '.join(known)}"
    policy, detail = finding.get("policy"), finding.get("detail")
    if why := ": ".join(shown(part) for part in (f"policy {policy}" if policy else "", detail) if part):
        yield f"    {why}"


def _place(ref: Json) -> str:
    scope = ", ".join(f"{shown(part)} {shown(value)}" for part, value in ref.get("scope", {}).items())
    return f"{shown(ref['service'])} in {shown(ref['account'])} {shown(ref['region'])}{f', {scope}' if scope else ''}"


def _known(facts: Json) -> Iterator[str]:
    for fact, words in (("idle_for", "idle for {}"), ("age", "{} old")):
        if isinstance(facts.get(fact), int | float):
            yield words.format(durations.format(facts[fact]))
    if isinstance(facts.get("owner"), str):
        yield f"owner {shown(facts['owner'])}"
    if isinstance(facts.get("idle_cost"), int | float):
        yield f"about {facts['idle_cost']:.2f} USD so far"
    if isinstance(facts.get("state"), str):
        yield f"state {shown(facts['state'])}"


def _heading(outcome: str) -> str:
    return _HEADINGS[Outcome(outcome)][1] if outcome in RANK else shown(outcome).upper()


def _rank(finding: Json) -> int:
    return RANK.get(finding["outcome"], -1)
