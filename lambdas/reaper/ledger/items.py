"""A memory as an item of the table, and back. Instants are epoch seconds there too; what is ``None`` is left out.

No tags are stored, and nothing of what ran in a session.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from reaper.catalog.services import in_order
from reaper.core.memory import CLAIM_LASTS, MEMORY_DAYS, MEMORY_VERSION, Card, Claim, Hurry, Memory, Promise, Snooze
from reaper.core.outcome import Outcome
from reaper.core.policy.model import Stage
from reaper.core.session import SessionRef
from reaper.ledger.attributes import Fields, GarbledItemError, Item, flag, item_size, map_of, number, text
from reaper.ledger.names import MEMORY, PARTITION_KEY, SORT_KEY, partition_key

EXPIRES: Final = "expires"
"""The TTL attribute: epoch seconds, as DynamoDB demands."""

MOST_BYTES: Final = 390_000
"""The largest item written; DynamoDB takes 400 kB (409600 bytes; its developer guide, "Quotas")."""

_DAY: Final = 86400
_CARD_TEXTS: Final = ("name", "owner", "team", "state", "evidence", "detail", "timezone")
_MOST_TEXT: Final = 1000
"""Characters of one text on a card: it is shown to people, and decides nothing."""


class NewerItemError(Exception):
    """An item was written by a newer release, and may mean anything."""


class TooLargeError(ValueError):
    """What is to be remembered fits no item."""


def memory_item(memory: Memory) -> Item:
    """The item that keeps ``memory`` at the version after its own.

    Raises:
        ValueError: it holds what DynamoDB cannot (NaN), or is too large for one item.
    """
    ref = memory.ref
    item: Item = {
        **head(partition_key(ref), MEMORY, memory.version, memory.last_matched),
        "service": text(ref.service),
        "account": text(ref.account),
        "region": text(ref.region),
        "scope": map_of({name: text(value) for name, value in ref.scope}),
        "id": text(ref.id),
        "first_matched": number(memory.first_matched),
        "last_matched": number(memory.last_matched),
        "held_since": number(memory.held_since),
        "outcome": text(memory.outcome.value),
        "outcome_since": number(memory.outcome_since),
        "told_by": text(memory.told_by),
        "told": flag(memory.told_at is not None),
        # Asked for by releases that know no promises; without a moment beside it, they warn anew.
        "warned_by": text(""),
        "likeness": text(memory.likeness),
        "idle_cost": number(memory.idle_cost),
        **texts(policy=memory.policy, stopped_by=memory.stopped_by),
        **numbers(
            told_at=memory.told_at,
            stopped_at=memory.stopped_at,
            confirmed_at=memory.confirmed_at,
            regretted_at=memory.regretted_at,
        ),
    }
    if (snooze := memory.snooze) is not None:
        item["snooze"] = map_of(
            {
                "until": number(snooze.until),
                "by": text(snooze.by),
                "at": number(snooze.at),
                "times": number(snooze.times),
            }
        )
    if (hurry := memory.hurry) is not None:
        item["hurry"] = map_of({"at": number(hurry.at), "by": text(hurry.by)})
    if (card := memory.card) is not None:
        item["card"] = map_of(_card_item(card))
    if (promise := memory.promise) is not None:
        item["promise"] = map_of(_promise_item(promise))
    if memory.not_before:
        item["not_before"] = number(memory.not_before)
    if (claim := memory.claim) is not None:
        item["claim"] = map_of({"run_id": text(claim.run_id), "at": number(claim.at), "policy": text(claim.policy)})
    if (bytes_ := item_size(item)) > MOST_BYTES:
        raise TooLargeError(f"what is known of it takes {bytes_} bytes, and an item holds {MOST_BYTES}")
    return item


def memory_of(item: Mapping[str, object], ref: SessionRef) -> Memory:
    """The memory of ``ref`` that ``item`` keeps.

    Raises:
        NewerItemError: a newer release wrote it.
        GarbledItemError: it is not of the shape that :func:`memory_item` writes.
    """
    fields = Fields(item)
    version = checked_version(fields)
    snooze, claim = fields.fields_if_any("snooze"), fields.fields_if_any("claim")
    hurry, card = fields.fields_if_any("hurry"), fields.fields_if_any("card")
    promise = _promise_of(fields)
    return Memory(
        ref=ref,
        first_matched=fields.number("first_matched"),
        last_matched=fields.number("last_matched"),
        policy=fields.text_if_any("policy"),
        held_since=fields.number("held_since"),
        outcome=_outcome(fields.text("outcome")),
        outcome_since=fields.number("outcome_since"),
        told_by=fields.text("told_by"),
        # A release that did not keep whether it had told people is taken to have done so.
        told_at=fields.number_if_any("told_at") if "told" in fields else fields.number("outcome_since"),
        promise=promise,
        not_before=_not_before(fields, promise),
        snooze=None
        if snooze is None
        else Snooze(
            until=snooze.number("until"), by=snooze.text("by"), at=snooze.number("at"), times=snooze.count("times")
        ),
        hurry=None if hurry is None else Hurry(at=hurry.number("at"), by=hurry.text("by")),
        card=None if card is None else _card_of(card),
        claim=None
        if claim is None
        else Claim(run_id=claim.text("run_id"), at=claim.number("at"), policy=claim.text("policy")),
        stopped_at=fields.number_if_any("stopped_at"),
        stopped_by=fields.text_if_any("stopped_by"),
        confirmed_at=fields.number_if_any("confirmed_at"),
        regretted_at=fields.number_if_any("regretted_at"),
        likeness=fields.text("likeness"),
        idle_cost=fields.number("idle_cost"),
        version=version,
    )


def ref_of(item: Mapping[str, object]) -> SessionRef:
    """The session that an item made by :func:`memory_item` is of.

    Raises:
        GarbledItemError: it does not say.
    """
    fields = Fields(item)
    scope = fields.fields("scope")
    return SessionRef(
        fields.text("service"),
        fields.text("account"),
        fields.text("region"),
        in_order(fields.text("service"), {part: scope.text(part) for part in scope.values}),
        fields.text("id"),
    )


def _promise_item(promise: Promise) -> Item:
    return {
        "policy": text(promise.policy),
        "stage": text(promise.stage.value),
        "enforced": flag(promise.enforced),
        "by": text(promise.by),
        "at": number(promise.at),
        "grace": number(promise.grace),
        "due_at": number(promise.due_at),
        **numbers(told_at=promise.told_at),
    }


def _promise_of(item: Fields) -> Promise | None:
    fields = item.fields_if_any("promise")
    if fields is None:
        return _warning_of(item)
    try:
        stage = Stage(fields.text("stage"))
    except ValueError as error:
        raise GarbledItemError("promise.stage is none that is known") from error
    return Promise(
        policy=fields.text("policy"),
        stage=stage,
        enforced=fields.flag("enforced"),
        by=fields.text("by"),
        at=fields.number("at"),
        grace=fields.number("grace"),
        due_at=fields.number("due_at"),
        told_at=fields.number_if_any("told_at"),
    )


def _warning_of(item: Fields) -> Promise | None:
    """The warning that a release before the promise kept; ``None`` where it did not say what had been promised.

    It was dated by the beginning of its sweep, and told up to a function's life later.
    """
    card, warned_at = item.fields_if_any("card"), item.number_if_any("warned_at")
    due = None if card is None else card.number_if_any("due")
    if card is None or due is None or warned_at is None or not card.flag("acts"):
        return None
    return Promise(
        policy=item.text_if_any("policy") or "",
        stage=Stage.ENFORCE,
        enforced=True,
        by=item.text("warned_by"),
        at=warned_at,
        grace=max(0.0, due - warned_at),
        due_at=due + CLAIM_LASTS,
    )


def _not_before(item: Fields, promise: Promise | None) -> float:
    """The moment that people were told, also where an earlier release kept no more of it than its warning."""
    if (kept := item.number_if_any("not_before")) is not None:
        return kept
    return promise.due_at if promise is not None and promise.stage is Stage.ENFORCE else 0.0


def _card_item(card: Card) -> Item:
    return {
        **{name: text(getattr(card, name)[:_MOST_TEXT]) for name in _CARD_TEXTS},
        **numbers(idle_since=card.idle_since, hourly_cost=card.hourly_cost, due=card.due),
        "snooze_max": number(card.snooze_max),
        "snooze_times": number(card.snooze_times),
        "acts": flag(card.acts),
    }


def _card_of(fields: Fields) -> Card:
    return Card(
        **{name: fields.text(name) for name in _CARD_TEXTS},
        idle_since=fields.number_if_any("idle_since"),
        hourly_cost=fields.number_if_any("hourly_cost"),
        due=fields.number_if_any("due"),
        snooze_max=fields.number("snooze_max"),
        snooze_times=fields.count("snooze_times"),
        acts=fields.flag("acts"),
    )


def head(partition: str, sort: str, version: int, begins: float) -> Item:
    """What every item begins with; it expires :data:`MEMORY_DAYS` after ``begins``, at ``version`` plus one until then."""
    return {
        PARTITION_KEY: text(partition),
        SORT_KEY: text(sort),
        "schema": number(MEMORY_VERSION),
        "version": number(version + 1),
        EXPIRES: number(math.ceil(begins) + MEMORY_DAYS * _DAY),
    }


def texts(**values: str | None) -> Item:
    """Those of ``values`` that are not ``None``."""
    return {name: text(value) for name, value in values.items() if value is not None}


def numbers(**values: float | None) -> Item:
    """Those of ``values`` that are not ``None``."""
    return {name: number(value) for name, value in values.items() if value is not None}


def checked_version(fields: Fields) -> int:
    """The version of an item this release can read.

    Raises:
        NewerItemError: a newer release wrote it.
        GarbledItemError: it does not say so.
    """
    schema = fields.count("schema")
    if schema > MEMORY_VERSION:
        raise NewerItemError(
            f"a newer release wrote it (schema {schema}, this one reads {MEMORY_VERSION}): update Session Reaper here too"
        )
    return fields.count("version")


def _outcome(value: str) -> Outcome:
    try:
        return Outcome(value)
    except ValueError as error:
        raise GarbledItemError(f"outcome {value!r} is none that is known") from error
