"""The words of the money page: what its reader has to know first, and how its numbers were made."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from reaper.catalog.services import specs
from reaper.core import durations
from reaper.core.policy.problems import one_of
from reaper.core.savings import ENOUGH, Basis, Savings
from reaper.core.snooze import zone_of
from reaper.pages.layout import Child, Element, dollars, element, foreign

_MOST_NAMED: Final = 5


def notices(savings: Savings) -> Iterable[Element]:
    """What keeps the numbers from being whole, before anybody quotes them."""
    sweeps = savings.sweeps
    if not sweeps.done:
        yield _notice(
            "There is nothing to show",
            "No report of this period was found, so nothing is known of it. That is not the same as nothing having been idle.",
        )
    if savings.unread:
        count = len(savings.unread)
        named = [element("li", None, foreign(one)) for one in savings.unread[:_MOST_NAMED]]
        more = count - len(named)
        yield _notice(
            f"{count:,} {'report' if count == 1 else 'reports'} could not be read",
            "What happened in those sweeps is missing here.",
            element("ul", None, *named, element("li", None, f"and {more:,} more") if more else None),
        )
    lines = [
        (savings.garbled, "entries in reports made no sense, and are in none of the numbers"),
        (sweeps.refused, "sweeps could judge nothing, because there were no usable policies"),
        (sweeps.cut_short, "sweeps did not get to their end"),
        (savings.not_stopped, "stops were accepted and did not end the session; nothing is claimed for them"),
        (savings.unpriced, "idle sessions have no known price, and cost nothing here"),
    ]
    told: list[Child] = [element("li", None, f"{count:,} {words}.") for count, words in lines if count]
    if sweeps.missed:
        usual = durations.format(round(sweeps.every or 0))
        told.append(
            element(
                "li",
                None,
                f"Sweeps usually came every {usual}; about {sweeps.missed:,} more would have fitted in gaps.",
            )
        )
    if savings.owners and savings.owners[1]:
        known, unknown = savings.owners
        told.append(
            element("li", None, f"In the latest sweep, {unknown:,} of {known + unknown:,} findings had no known owner.")
        )
    if told:
        yield _notice("To keep in mind", "", element("ul", None, *told), warn=False)


def how_it_was_made(savings: Savings) -> Element:
    """How the numbers were made, the counterfactual before all."""
    claims = {claim.basis: claim for claim in savings.claims}

    def share(basis: Basis) -> str:
        claim = claims.get(basis)
        return (
            f" ({claim.stops:,} {'stop' if claim.stops == 1 else 'stops'}, {dollars(claim.avoided_cost)})"
            if claim
            else ""
        )

    observed = "; ".join(
        f"{one.service}: {durations.format(round(one.median) // 60 * 60) if one.median >= 60 else 'under 1m'}"  # noqa: PLR2004 - a minute
        f" from {one.sessions:,} sessions"
        for one in savings.observed
    )
    points: list[tuple[str, str]] = [
        (
            "Idle cost",
            (
                "is the price of an hour times the hours for which sweeps saw a session idle. Time between the last look and a"
                " session's end is not counted, nor are sessions that no policy speaks of."
            ),
        ),
        (
            "Avoided cost",
            (
                "is an estimate of what did not happen: the price of an hour times the time for which the session would have"
                " stayed idle, had it not been stopped. It is counted on the day of the stop."
            ),
        ),
        (
            "Would have stayed idle until when?",
            (
                f"Where a session has an idle timeout of its own, until that{share(Basis.TIMEOUT)}; past {_caps()} nothing is"
                " counted, whatever is set. Where it has none, for as long as sessions of that service"
                f" stayed idle that ended by themselves in this period: the median, and only if there are at least"
                f" {ENOUGH}{share(Basis.OBSERVED)}{f'. Observed: {observed}' if observed else ''}. Otherwise nothing is claimed"
                f"{share(Basis.NOTHING)}."
            ),
        ),
        ("A false stop", "is in the avoided cost all the same, although whoever started anew has paid for it."),
        (
            "What is kept on purpose",
            (
                f"by a tag or a policy is in none of these costs; the idleness of those sessions cost"
                f" {dollars(savings.protected_cost)}."
            ),
        ),
        (
            "Prices",
            (
                f"are list prices in US dollars: {_prices()}, unless the policy file names others. Discounts and taxes are"
                " not known here."
            ),
        ),
        ("Days", f"begin at midnight in {savings.timezone}."),
    ]
    return element(
        "section",
        {"class": "card"},
        element("h2", None, "How these numbers were made"),
        element(
            "ul",
            {"class": "how"},
            *(element("li", None, element("strong", None, name), f" {words}") for name, words in points),
        ),
    )


def since_words(savings: Savings) -> str:
    """When the latest sweep was, to go into a sentence."""
    if savings.sweeps.last is None:
        return ""
    at = datetime.fromtimestamp(savings.sweeps.last, zone_of(savings.timezone))
    return f" ({at.day} {at:%b} {at.year}, {at:%H:%M} {savings.timezone})"


def _notice(title: str, words: str, *more: Child, warn: bool = True) -> Element:
    return element(
        "section",
        {"class": "notice warn" if warn else "notice"},
        element("h2", None, title),
        element("p", None, words) if words else None,
        *more,
    )


def _caps() -> str:
    """``48 hours on AWS Glue and 8 on ...``."""
    caps = [(spec.longest_idle, spec.brand) for spec in specs().values() if math.isfinite(spec.longest_idle)]
    return _listed(f"{seconds / 3600:g} hours on {brand}" for seconds, brand in caps)


def _prices() -> str:
    return _listed(
        f"{price.usd:.2f} per {price.unit} of {spec.brand}" for spec in specs().values() for price in spec.prices
    )


def _listed(parts: Iterable[str]) -> str:
    return one_of(parts).replace(" or ", " and ")
