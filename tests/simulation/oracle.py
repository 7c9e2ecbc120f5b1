"""What must be true of a stop at the moment it is sent, told by the truth alone: none of the product's judgement is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from reaper.core.policy.model import Stage
from tests.simulation.world import Truth
from tests.support.sessions import HOUR, MINUTE

FRESH = 2.0
"""Seconds that evidence of use may be old when a stop goes out, as the README promises."""
LOOK = 30.0
"""Seconds that what protects may be old when a stop goes out, as the README promises."""
CLAIM = 15 * MINUTE


@dataclass(frozen=True)
class Rule:
    """A policy that stops what has been idle for ``idle`` seconds, ``grace`` seconds after a warning if it has one."""

    name: str
    idle: float
    grace: float | None
    stage: Stage


@dataclass(frozen=True)
class Law:
    """What one sweep is told: by it alone its stops are judged. ``protected`` is the ``env`` that is never stopped."""

    rules: tuple[Rule, ...]
    protected: str | None
    enforced: bool
    min_age: float
    max_stops: int
    only: frozenset[str] | None = None


def any_law(random: Random) -> Law:
    """A law as somebody might write it."""

    def rule(name: str) -> Rule:
        return Rule(
            name,
            idle=random.choice((2 * MINUTE, 10 * MINUTE, HOUR)),
            grace=random.choice((None, 5 * MINUTE, 15 * MINUTE, HOUR)),
            stage=random.choice((Stage.ENFORCE, Stage.ENFORCE, Stage.ENFORCE, Stage.WARN, Stage.OBSERVE)),
        )

    return Law(
        rules=(rule("alpha"), rule("beta")),
        protected=random.choice(("prod", None)),
        enforced=random.random() < 0.8,
        min_age=random.choice((0.0, 10 * MINUTE)),
        max_stops=random.choice((1, 100)),
    )


def with_plan(law: Law, names: frozenset[str]) -> Law:
    return replace(law, only=names)


def breaches(  # noqa: PLR0913 - what is judged, and by what
    law: Law, name: str, truth: Truth, now: float, *, stopped_before: int, run: str
) -> list[str]:
    """Everything that is wrong with sending a stop of ``truth`` now; ``stopped_before`` counts the stops before it."""
    seen = now - FRESH
    found = {
        "in a sweep that only reports": not law.enforced,
        "while in use": truth.busy_since is not None and truth.busy_since < seen,
        "though not in the plan": law.only is not None and name not in law.only,
        "though protected by its tag": truth.env == law.protected and truth.env_since < now - LOOK,
        "though pinned": truth.pinned_until > now and truth.pinned_at < now - LOOK,
        "though snoozed": truth.snoozed_until > now and truth.snoozed_at < now - LOOK,
        "younger than is allowed": now - truth.created < law.min_age,
        "twice": any(by == run or now - at < CLAIM for at, by in truth.stops),
        "over the cap": stopped_before >= law.max_stops,
        "unwanted, or unwarned": not any(_wants(rule, truth, now) for rule in law.rules),
        "before the moment that people were told": _too_soon(truth, now),
    }
    return [f"{name} was stopped {what}" for what, wrong in found.items() if wrong]


def _wants(rule: Rule, truth: Truth, now: float) -> bool:
    if rule.stage is not Stage.ENFORCE or now - truth.last_used(now - FRESH) < rule.idle - FRESH:
        return False
    return rule.grace is None or _hurried(truth, now) or any(_counts(told, rule, truth, now) for told in truth.told)


def _counts(told, rule: Rule, truth: Truth, now: float) -> bool:
    unused = truth.last_used(now - FRESH) <= told.judged_at
    waited = told.due <= now and told.at + (rule.grace or 0.0) <= now
    return told.policy == rule.name and told.means_it and unused and waited


def _too_soon(truth: Truth, now: float) -> bool:
    """Whether it comes before a moment that was read; what another sweep says during the last look is not heard by this one."""
    return not _hurried(truth, now) and any(
        told.means_it and told.due > now and told.at < now - LOOK for told in truth.told
    )


def _hurried(truth: Truth, now: float) -> bool:
    """Whether somebody who was warned wanted it stopped at once, nobody has used it since, and nobody wanted it kept."""
    if truth.hurried_at is None or truth.last_used(now - FRESH) > truth.hurried_at:
        return False
    return not truth.hurried_at < truth.snoozed_at < now - LOOK
