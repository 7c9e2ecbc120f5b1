"""One entry of a text for people: a session with all that its owner wants to know, or a place that could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reaper.core import durations
from reaper.core.outcome import Outcome, is_answerable
from reaper.notifiers.plain import Clock, shown, url_in, wrapped
from reaper.notifiers.severity import is_quiet
from reaper.notifiers.words import next_step, said_of, snoozes_left

Json = Mapping[str, Any]

NAME: Final = 60
"""Characters of a name in a heading or a sentence."""
_KEEP_DAYS: Final = 7
"""The date that a tag is proposed with: so many days after the stop is due."""
_A_CENT: Final = 0.01
_HOUR: Final = 3600
_FIRST: Final = "    {:<6}"
_REST: Final = " " * 10


def entry(finding: Json, mode: str, clock: Clock) -> str:
    """One session: what, where, since when idle, what it costs, what happens next, and how to keep it."""
    lines = [wrapped(f"{_named(finding)} {said_of(finding, mode)}", "- ", "  ")]
    for label, text in _labelled(finding, mode, clock):
        lines.append(wrapped(text, _FIRST.format(label), _REST))
    return "\n".join([*lines, *_keep(finding, clock)])


def short(finding: Json, mode: str, clock: Clock) -> str:
    """A session that people were told of before."""
    outcome, due = finding["outcome"], finding.get("due")
    when = f", due {clock.at(due)}" if due and outcome == Outcome.WARNED else ""
    if outcome == Outcome.SNOOZED and isinstance(finding.get("snooze"), Mapping):
        when = f" until {clock.at(finding['snooze'].get('until'))}"
    return f"{_named(finding)} ({shown(finding['ref']['service'])}) {said_of(finding, mode)}{when}"


def trouble(item: Json) -> str:
    """A place that could not be read or is held back by a guard, and why."""
    why = shown(item.get("error") or item.get("detail"), 1000)
    where = f"{shown(item['service'])} in {_place(item)}"
    return f"{wrapped(where, '- ', '  ')}\n{wrapped(why, '    ', '    ')}"


def _named(finding: Json) -> str:
    """``nightly (Churn exploration)``: its id, and its name if it has another."""
    identity, name = finding["ref"]["id"], finding["facts"].get("name")
    return f"{shown(identity)}{f' ({shown(name)})' if isinstance(name, str) and name not in {'', identity} else ''}"


def name_of(finding: Json, longest: int) -> str:
    """What its owner calls a session."""
    name = finding["facts"].get("name")
    return shown(name if isinstance(name, str) and name else finding["ref"]["id"], longest)


def whose(finding: Json) -> str:
    """``Team data``, else ``Owner ana``."""
    if finding.get("team"):
        return f"Team {shown(finding['team'], NAME)}"
    owner = finding["facts"].get("owner")
    return f"Owner {shown(owner, NAME)}" if isinstance(owner, str) and owner else "Owner unknown"


def _place(ref: Json) -> str:
    scope = ", ".join(f"{shown(part)} {shown(value)}" for part, value in (ref.get("scope") or {}).items())
    return f"{shown(ref['account'])} {shown(ref['region'])}{f', {scope}' if scope else ''}"


def _labelled(finding: Json, mode: str, clock: Clock) -> Iterator[tuple[str, str]]:
    facts = finding["facts"]
    yield "where", _place(finding["ref"])
    if finding.get("team") and isinstance(facts.get("owner"), str):
        yield "owner", shown(facts["owner"])
    if finding["outcome"] == Outcome.SNOOZED or not is_quiet(finding["outcome"]):
        yield from _since(finding, clock)
        if costs := _costs(finding):
            yield "cost", costs
        if saved := _saved(finding):
            yield "saved", saved
    policy, detail = finding.get("policy"), finding.get("detail")
    if why := ": ".join(shown(part) for part in (f"policy {policy}" if policy else "", detail) if part):
        yield "why", clock.within(why)
    if step := next_step(finding, mode, clock):
        yield "next", step


def _since(finding: Json, clock: Clock) -> Iterator[tuple[str, str]]:
    """Since when it is idle, and how that is known; else what is known of it instead."""
    facts, since = finding["facts"], finding.get("idle_since")
    idle_for, age, state = facts.get("idle_for"), facts.get("age"), facts.get("state")
    told: list[str] = []
    is_idle = isinstance(idle_for, int | float) and idle_for > 0
    if is_idle:
        told.append(f"for {_rough(idle_for)}")
    if since:
        told.append(f"since {clock.at(since)}")
    else:
        told += [f"{_rough(age)} old"] if isinstance(age, int | float) else []
        told += [f"state {shown(state)}"] if isinstance(state, str) else []
    if evidence := finding.get("evidence"):
        # What happened at the moment it is idle since need not name that moment again.
        text = str(evidence).replace(str(since), "then") if since else str(evidence)
        told = [f"{', '.join(told)}: {clock.within(shown(text))}" if told else clock.within(shown(text))]
    if told:
        yield "idle" if since or is_idle else "age", ", ".join(told)


def _rough(seconds: float) -> str:
    """A duration, to the minute where it is of hours."""
    return durations.format(seconds - seconds % 60 if seconds >= _HOUR else seconds)


def _costs(finding: Json) -> str:
    facts = finding["facts"]
    told: list[str] = []
    if isinstance(facts.get("hourly_cost"), int | float):
        told.append(f"{facts['hourly_cost']:.2f} USD an hour")
    if isinstance(facts.get("idle_cost"), int | float) and facts["idle_cost"] >= _A_CENT:
        told.append(f"about {facts['idle_cost']:.2f} USD while idle")
    return ", ".join(told)


def _saved(finding: Json) -> str:
    avoided, basis = finding.get("avoided_cost"), finding.get("avoided_basis")
    if not isinstance(avoided, int | float):
        return ""
    return f"about {avoided:.2f} USD by the stop, an estimate{f' against {shown(basis)}' if basis else ''}"


def _keep(finding: Json, clock: Clock) -> Iterator[str]:
    """How to keep a session: by its link, or by a tag."""
    if finding.get("verdict") != "stop" or not is_answerable(finding["outcome"]):
        return
    left, day = snoozes_left(finding), clock.day_after(finding.get("due"), _KEEP_DAYS)
    tag = f"tag it session-reaper/keep-until with a date, such as {day}"
    url = url_in((finding.get("links") or {}).get("answer"))
    if not url:
        yield wrapped(tag, _FIRST.format("keep"), _REST)
        return
    how = (
        f"no snooze is left, so {tag}; stop it now:"
        if left == 0
        else f"it, or stop it now, on this page{_each(finding)}:"
    )
    yield wrapped(how, _FIRST.format("keep"), _REST)
    yield f"    {url}"


def _each(finding: Json) -> str:
    """`` (3 snoozes left, each of up to 8h)``, or nothing where that is not known."""
    left = snoozes_left(finding)
    if left is None:
        return ""
    longest = durations.format(finding["snooze_limit"]["max"])
    return f" ({left} snooze{'s' if left > 1 else ''} left, {'each ' if left > 1 else ''}of up to {longest})"
