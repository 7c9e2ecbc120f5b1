"""What a backtest found, as one public JSON document. Pure: values in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from reaper.core.backtest import Afterwards, Backtest, HypotheticalStop, Variant
from reaper.core.report import rfc3339
from reaper.wire.codec import builtins_of
from reaper.wire.common import Ref
from reaper.wire.from_sweep import facts_of

if TYPE_CHECKING:
    from reaper.core.vocabulary import Lens
    from reaper.history.sources import Days, Skipped

BACKTEST_VERSION: Final = 1

ESTIMATE: Final = (
    "saved is an estimate: the idle price of an hour (list prices, or the policy file's) times how long the session was still"
    " seen after the stop, in USD"
)


def backtest_document(  # noqa: PLR0913 - each is a part of the document
    result: Backtest,
    lens: Lens,
    *,
    recordings: int,
    missing: Sequence[Days],
    skipped: Sequence[Skipped],
    every: float | None,
    policy_sha256: str,
) -> dict[str, Any]:
    """The document (``schema_version`` 1). Durations are seconds, instants RFC 3339; ``threshold`` null is as written."""
    return {
        "schema_version": BACKTEST_VERSION,
        "policy_sha256": policy_sha256,
        "history": {
            "recordings": recordings,
            "sweeps": result.sweeps,
            "sessions": result.sessions,
            "began": None if result.began is None else rfc3339(result.began),
            "ended": None if result.ended is None else rfc3339(result.ended),
            "missing_days": [{"from": days.first.isoformat(), "to": days.last.isoformat()} for days in missing],
            "skipped": [{"name": one.name, "why": one.why} for one in skipped],
        },
        "sweep_every": every,
        "estimate": ESTIMATE,
        "varied": list(result.varied),
        "variants": [_variant(variant, result.stopping, lens) for variant in result.variants],
    }


def _variant(variant: Variant, stopping: Sequence[str], lens: Lens) -> dict[str, Any]:
    by_policy = {name: [stop for stop in variant.stops if stop.policy == name] for name in stopping}
    return {
        "threshold": variant.threshold,
        "total": _tally(variant.stops),
        "policies": [{"policy": name, **_tally(stops)} for name, stops in by_policy.items()],
        "undetermined": variant.undetermined,
        "not_recorded": variant.not_recorded,
        "withheld": variant.withheld,
        "stops": [_stop(stop, lens) for stop in variant.stops],
    }


def _tally(stops: Sequence[HypotheticalStop]) -> dict[str, Any]:
    counts = Counter(stop.afterwards for stop in stops)
    return {
        "stops": len(stops),
        "false_stops": counts[Afterwards.USED],
        **{kind.value: counts[kind] for kind in Afterwards if kind is not Afterwards.USED},
        "saved": _saved(stops),
        "saved_by_false_stops": _saved(stop for stop in stops if stop.afterwards is Afterwards.USED),
        "without_price": sum(stop.saved is None for stop in stops),
    }


def _saved(stops: Iterable[HypotheticalStop]) -> float:
    return round(sum((stop.saved or 0.0 for stop in stops), 0.0), 2)


def _stop(stop: HypotheticalStop, lens: Lens) -> dict[str, Any]:
    return {
        "ref": builtins_of(Ref.of(stop.session.ref)),
        "policy": stop.policy,
        "at": rfc3339(stop.at),
        "afterwards": stop.afterwards.value,
        "used_at": None if stop.used_at is None else rfc3339(stop.used_at),
        "last_seen": rfc3339(stop.last_seen),
        "saved": None if stop.saved is None else round(stop.saved, 2),
        "facts": builtins_of(
            facts_of(stop.session, lens, stop.at, ("name", "state", "phase", "age", "idle_for", "owner"))
        ),
    }
