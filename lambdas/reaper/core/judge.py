"""What the policies want of one session: the only idleness test there is.

:func:`judge` is pure. It returns a :class:`Verdict`, or :class:`Needs`: the facts it cannot do without. A sweep asks for
just those, for just that session, and judges again. Immediately before a stop the same function judges once more, on
facts read afresh.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from reaper.core.facts import Missing, Undecidable
from reaper.core.pin import KEEP_UNTIL, read_pin
from reaper.core.policy.compile import CompiledPolicy, compile_policy
from reaper.core.policy.model import Action, Lifted, PolicyBook, Stage
from reaper.core.policy.nearly import Leniently, leniently
from reaper.core.session import Phase
from reaper.core.truth import Doubt, Open, Truth, conjunction, tell
from reaper.core.vocabulary import Lens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reaper.core.session import Session


class VerdictKind(StrEnum):
    """What the policies want of a session."""

    KEEP = "keep"
    PROTECT = "protect"
    REPORT = "report"
    STOP = "stop"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policies want, which one of them says so, and what is worth telling people about it.

    ``policy`` is ``None`` where no single policy decides. ``grace`` (seconds) is how long a stop must have held first, and
    ``stage`` how far its policy may go at all.
    """

    kind: VerdictKind
    policy: str | None = None
    detail: str = ""
    grace: float | None = None
    stage: Stage = Stage.ENFORCE

    @property
    def immediate(self) -> bool:
        """True for a stop that waits for nothing but the guards."""
        return self.kind is VerdictKind.STOP and self.grace is None and self.stage is Stage.ENFORCE


@dataclass(frozen=True, slots=True)
class Needs:
    """No verdict yet: at least one of these ``Facts`` fields has to be asked for first. Never empty."""

    fields: frozenset[str]


KEEP = Verdict(VerdictKind.KEEP)


@dataclass(frozen=True, slots=True)
class CompiledBook:
    """A policy file, ready to judge with."""

    book: PolicyBook
    lens: Lens
    protects: tuple[CompiledPolicy, ...]
    stops: tuple[CompiledPolicy, ...]
    reports: tuple[CompiledPolicy, ...]
    lenient: tuple[Leniently, ...] = ()
    """The protecting policies that ask for tags, as they may be meant."""

    def lifted(self) -> dict[str, frozenset[Lifted]]:
        """By stop policy, what it says ``even_when`` to."""
        return {one.policy.name: one.policy.even_when for one in self.stops}


def compile_book(book: PolicyBook) -> CompiledBook:
    """Every policy of ``book`` compiled, by what it wants."""
    lens = Lens.of(book)
    compiled = [compile_policy(policy, lens) for policy in book.policies]

    def wanting(action: Action) -> tuple[CompiledPolicy, ...]:
        return tuple(one for one in compiled if one.policy.then is action)

    protects = wanting(Action.PROTECT)
    lenient = [found for one in protects if (found := leniently(one.policy, lens))]
    return CompiledBook(book, lens, protects, wanting(Action.STOP), wanting(Action.REPORT), tuple(lenient))


def retired(book: CompiledBook, reasons: Mapping[str, str]) -> CompiledBook:
    """``book`` with the stop policies named in ``reasons`` turned into ones that report for that reason.

    They then do not stand before a policy that may still stop the same session.
    """
    if not reasons:
        return book

    def reporting(one: CompiledPolicy) -> CompiledPolicy:
        policy = replace(one.policy, then=Action.REPORT, description=reasons[one.policy.name], grace=None)

        def holds(session: Session, now: float) -> Truth:
            return stop_holds(one, session, now)

        return replace(one, policy=policy, holds=holds)

    kept = tuple(one for one in book.stops if one.policy.name not in reasons)
    fallen = tuple(reporting(one) for one in book.stops if one.policy.name in reasons)
    return replace(book, stops=kept, reports=(*fallen, *book.reports))


def judge(book: CompiledBook, session: Session, now: float) -> Verdict | Needs:
    """What ``book`` wants of ``session`` at ``now`` (epoch seconds), or the facts it needs to say so.

    protect > stop > report > keep. An undecided protect protects; an undecided stop stops nothing. Ended sessions are kept.
    """
    if session.facts.phase is Phase.ENDED:
        return KEEP
    wanted = _wanted(book, session, now)
    if wanted is KEEP or isinstance(wanted, Needs) or wanted.kind not in {VerdictKind.STOP, VerdictKind.REPORT}:
        return wanted
    protection = _policy_protection(book, session, now)
    if protection is not None:
        return protection
    decided = _pinned(wanted, session, now) if wanted.kind is VerdictKind.STOP else wanted
    if isinstance(decided, Needs) or decided.kind is VerdictKind.PROTECT:
        return decided
    near = next((why for one in book.lenient if (why := one.spelt_otherwise(session, now))), "")
    return replace(decided, detail=_noted(decided.detail, near)) if near else decided


def stop_holds(compiled: CompiledPolicy, session: Session, now: float) -> Truth:
    """Whether a stop policy applies: its own condition, and the floor under every stop."""
    holds = compiled.holds(session, now)
    if holds is False:
        return False
    floor = compiled.floor(session, now)
    return floor if holds is True else conjunction((holds, floor))


def _wanted(book: CompiledBook, session: Session, now: float) -> Verdict | Needs:
    """The verdict as if nothing were protected: stop > report > keep."""
    stops = [(one, truth) for one in book.stops if (truth := stop_holds(one, session, now)) is not False]
    if not stops and not book.reports:
        return KEEP
    holding = sorted((one for one, truth in stops if truth is True), key=_eagerness)
    if holding and _stop(holding[0]).immediate:
        return _stop(holding[0])
    open_stops = [truth for _, truth in stops if isinstance(truth, Open)]
    if asked := _needs(open_stops):
        return asked
    if holding:
        return _stop(holding[0])
    reports = [(one, truth) for one in book.reports if (truth := one.holds(session, now)) is not False]
    doubts = _doubts(open_stops)
    for one, truth in reports:
        if truth is True:
            return Verdict(VerdictKind.REPORT, one.policy.name, _noted(one.policy.description, tell(doubts)))
    open_reports = [truth for _, truth in reports if isinstance(truth, Open)]
    if asked := _needs(open_reports):
        return asked
    doubtful = [(one, truth) for one, truth in (*stops, *reports) if isinstance(truth, Open)]
    if not doubtful:
        return KEEP
    first, _ = doubtful[0]
    return Verdict(
        VerdictKind.UNDETERMINED, first.policy.name, tell(_doubts(truth for _, truth in doubtful)) or "not decided"
    )


def _eagerness(compiled: CompiledPolicy) -> tuple[int, float]:
    """Sorts the stop that may go furthest, soonest, first; in file order where they are alike."""
    stages = (Stage.ENFORCE, Stage.WARN, Stage.OBSERVE)
    return stages.index(compiled.policy.stage), compiled.policy.grace or 0.0


def _stop(compiled: CompiledPolicy) -> Verdict:
    policy = compiled.policy
    return Verdict(VerdictKind.STOP, policy.name, policy.description, policy.grace, policy.stage)


def _policy_protection(book: CompiledBook, session: Session, now: float) -> Verdict | Needs | None:
    truths = [(one, one.holds(session, now)) for one in book.protects]
    for one, truth in truths:
        if truth is True:
            return Verdict(VerdictKind.PROTECT, one.policy.name, one.policy.description)
    still_open = [(one, truth) for one, truth in truths if isinstance(truth, Open)]
    if asked := _needs(truth for _, truth in still_open):
        return asked
    for one, truth in still_open:
        return Verdict(
            VerdictKind.PROTECT,
            one.policy.name,
            f"protected because it could not be ruled out: {tell(truth.doubts)}",
        )
    return None


def _pinned(wanted: Verdict, session: Session, now: float) -> Verdict | Needs:
    """The built-in protection over every stop: the ``keep-until`` tag."""
    tags = session.facts.tags
    if tags is Missing.NOT_ASKED:
        return Needs(frozenset({"tags"}))
    if isinstance(tags, Undecidable):
        return Verdict(VerdictKind.PROTECT, KEEP_UNTIL, f"protected because its tags could not be read: {tags.reason}")
    pin = None if tags is Missing.ABSENT else read_pin(tags)
    if pin is None:
        return wanted
    if pin.fault:
        return Verdict(VerdictKind.PROTECT, KEEP_UNTIL, f"{pin.fault}; protected until it is mended")
    if pin.protects(now):
        return Verdict(VerdictKind.PROTECT, KEEP_UNTIL, f"kept until {pin.text} by its tag {KEEP_UNTIL}")
    note = f"its tag {KEEP_UNTIL}={pin.text} has passed"
    return replace(wanted, detail=_noted(wanted.detail, note))


def _needs(truths: Iterable[Truth]) -> Needs | None:
    fields = frozenset[str]().union(*(truth.needs for truth in truths if isinstance(truth, Open)))
    return Needs(fields) if fields else None


def _doubts(truths: Iterable[Truth]) -> tuple[Doubt, ...]:
    return tuple(dict.fromkeys(doubt for truth in truths if isinstance(truth, Open) for doubt in truth.doubts))


def _noted(detail: str, note: str) -> str:
    """``detail`` and a ``note`` as one line: after a sentence the note begins another."""
    if not detail or not note:
        return detail or note
    return f"{detail} {note[0].upper()}{note[1:]}" if detail.endswith((".", "!", "?")) else f"{detail}; {note}"
