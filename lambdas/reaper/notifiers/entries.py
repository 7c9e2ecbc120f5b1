"""One entry of a text for people: a session with all that its owner wants to know, or a place that could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reaper.core.outcome import Outcome
from reaper.core.report import Mode
from reaper.notifiers import words
from reaper.notifiers.plain import Clock, shown, url_in, wrapped
from reaper.notifiers.severity import is_quiet
from reaper.wire.common import known_number, known_text, rfc3339
from reaper.wire.report import Blind, Finding, Guard

NAME: Final = 60
"""Characters of a name in a heading or a sentence."""
_KEEP_DAYS: Final = 7
"""The date that a tag is proposed with: so many days after the stop is due."""
_FIRST: Final = "    {:<6}"
_REST: Final = " " * 10


def entry(finding: Finding, mode: Mode, clock: Clock) -> str:
    """One session: what, where, since when idle, what it costs, what happens next, and how to keep it."""
    lines = [wrapped(f"{_named(finding)} {words.said_of(finding, mode)}", "- ", "  ")]
    for label, text in _labelled(finding, mode, clock):
        lines.append(wrapped(text, _FIRST.format(label), _REST))
    return "\n".join([*lines, *_keep(finding, clock)])


def short(finding: Finding, mode: Mode, clock: Clock) -> str:
    """A session that people were told of before."""
    when = ""
    if finding.due and finding.outcome == Outcome.WARNED:
        when = f", due {clock.at(finding.due)}"
    if finding.snooze and finding.outcome == Outcome.SNOOZED:
        when = f" until {clock.at(finding.snooze.until)}"
    return f"{_named(finding)} ({shown(finding.ref.service)}) {words.said_of(finding, mode)}{when}"


def trouble(item: Blind | Guard) -> str:
    """A place that could not be read or is held back by a guard, and why."""
    why = shown(item.error if isinstance(item, Blind) else item.detail, 1000)
    where = f"{shown(item.service)} in {words.place(item, shown)}"
    return f"{wrapped(where, '- ', '  ')}\n{wrapped(why, '    ', '    ')}"


def name_of(finding: Finding, longest: int) -> str:
    """What its owner calls a session."""
    name, id_ = words.names(finding)
    return shown(name or id_, longest)


def _named(finding: Finding) -> str:
    """``nightly (Churn exploration)``: its id, and its name if it has another."""
    name, id_ = words.names(finding)
    return f"{shown(id_)}{f' ({shown(name)})' if name else ''}"


def _labelled(finding: Finding, mode: Mode, clock: Clock) -> Iterator[tuple[str, str]]:
    owner = known_text(finding.facts.owner)
    yield "where", words.place(finding.ref, shown)
    if finding.team and owner:
        yield "owner", shown(owner)
    if finding.outcome == Outcome.SNOOZED or not is_quiet(finding.outcome):
        yield from _since(finding, clock)
        if costs := words.costs(finding):
            yield "cost", costs
        if saved := words.saved(finding):
            yield "saved", f"{saved} against {shown(finding.avoided_basis)}" if finding.avoided_basis else saved
    policy = f"policy {finding.policy}" if finding.policy else ""
    if why := ": ".join(shown(part) for part in (policy, finding.detail) if part):
        yield "why", clock.within(why)
    if finding.snooze:
        yield "by", shown(finding.snooze.by)
    if step := words.next_step(finding, mode, clock.at):
        yield "next", step


def _since(finding: Finding, clock: Clock) -> Iterator[tuple[str, str]]:
    """Since when it is idle, and how that is known; else what is known of it instead."""
    since, age, state = finding.idle_since, known_number(finding.facts.age), known_text(finding.facts.state)
    idle = words.idleness(finding, clock.at)
    told = [idle] if idle else []
    if not since:
        told += [f"{words.rough(age)} old"] if age is not None else []
        told += [f"state {shown(state)}"] if state else []
    if finding.evidence:
        # What happened at the moment it is idle since need not name that moment again.
        text = finding.evidence.replace(rfc3339(since), "then") if since else finding.evidence
        told = [f"{', '.join(told)}: {clock.within(shown(text))}" if told else clock.within(shown(text))]
    if told:
        yield "idle" if idle else "age", ", ".join(told)


def _keep(finding: Finding, clock: Clock) -> Iterator[str]:
    """How to keep a session: by its link, or by a tag."""
    if not words.can_be_kept(finding):
        return
    tag = words.how_to_tag(clock.day_after(finding.due, _KEEP_DAYS))
    url = url_in(finding.links.answer) if finding.links else ""
    if not url:
        yield wrapped(tag, _FIRST.format("keep"), _REST)
        return
    if finding.snooze_limit and not finding.snooze_limit.left:
        how = f"no snooze is left, so {tag}; stop it now:"
    else:
        how = f"it, or stop it now, on this page{words.snoozes_left(finding)}:"
    yield wrapped(how, _FIRST.format("keep"), _REST)
    yield f"    {url}"
