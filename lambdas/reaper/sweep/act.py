"""Stops what the plan allows, each after one more look.

For every allowed stop: look at the session afresh (:mod:`reaper.sweep.recheck`), and only if nothing withholds the stop and
the evidence of use is fresh, ask the service to stop it. A session that woke up, or got protected, is spared. Nothing that
goes wrong with one keeps another from being handled, and nothing that cannot be known is stopped.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from reaper.core.outcome import Outcome
from reaper.core.plan import Finding
from reaper.core.session import ScopeKey
from reaper.sweep.ports import Progress, Provider, ProviderError, StopResult, Trouble
from reaper.sweep.recheck import LOOKS, Recheck, Rules, became, not_fresh, too_old
from reaper.sweep.walk import silent

STOP_THREADS: Final = 4
"""Few on purpose: a stop shares its service's request quota with the people who work there."""
THROTTLED_STOPS: Final = 6
"""How often a stop is asked for while the service says that it is asked too much: each such request was not carried out."""
PATIENCE: Final = 45.0
"""Seconds for which one session is looked at again, or its stop asked for again."""
LONGEST_PAUSE: Final = 8.0
"""Seconds between two of its looks."""

_FIRST_PAUSE: Final = 0.5
_NO_TIME: Final = "the sweep ran out of time before it came to this stop; the next one does it"


def act(  # noqa: PLR0913 - half of them have a default and are named
    findings: Sequence[Finding],
    providers: Mapping[ScopeKey, Provider],
    rules: Rules,
    pause: Callable[[float], None],
    *,
    progress: Progress = silent,
    in_time: Callable[[], bool] = lambda: True,
    threads: int = STOP_THREADS,
) -> tuple[Finding, ...]:
    """``findings`` with every allowed stop replaced by what became of it.

    Once ``in_time`` says no, no further stop is begun. ``pause`` waits so many seconds.
    """

    def handle(finding: Finding) -> Finding:
        if not finding.allowed:
            return finding
        progress(f"{finding.ref}: checking once more")
        done = _Stop(finding, providers[finding.ref.key], rules, pause, in_time).carry_out()
        progress(f"{finding.ref}: {done.outcome.value.replace('_', ' ')}")
        return done

    with ThreadPoolExecutor(threads, thread_name_prefix="act") as pool:
        return tuple(pool.map(handle, findings))


class _Stop:
    """One announced stop, from its first look to its end."""

    def __init__(
        self,
        finding: Finding,
        provider: Provider,
        rules: Rules,
        pause: Callable[[float], None],
        in_time: Callable[[], bool],
    ) -> None:
        self._finding = finding
        self._provider = provider
        self._clock = rules.clock
        self._rules = rules
        self._pause = pause
        self._in_time = in_time

    def carry_out(self) -> Finding:
        try:
            return self._look_and_stop()
        except ProviderError as error:
            return became(self._finding, Outcome.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - a fault with one stop must neither hide it nor keep the others from theirs
            return became(self._finding, Outcome.FAILED, f"stopping it failed: {error!r}")

    def _look_and_stop(self) -> Finding:
        """Look, and stop on what was seen a moment ago; bounded in looks, in requests and in time."""
        recheck = Recheck(self._finding, self._provider.for_recheck(), self._rules)
        until = self._clock() + PATIENCE
        looks = requests = 0
        while True:
            if not self._in_time():
                return became(self._finding, Outcome.WITHHELD, _NO_TIME)
            look = recheck.look()
            looks += 1
            finding, old = look.finding, too_old(look, self._clock())
            may_go_on = looks < LOOKS + requests and self._clock() < until
            if look.clear and not old:
                requests += 1
                done = self._ask(finding, last=requests >= THROTTLED_STOPS or self._clock() >= until)
                if done is not None:
                    return done
                self._wait(requests)
            elif not may_go_on or not (look.clear or look.passing):
                return not_fresh(finding, old) if look.clear else finding
            elif look.passing:
                self._wait(looks)

    def _ask(self, finding: Finding, *, last: bool) -> Finding | None:
        """The only stop call there is; ``None`` where it was throttled and may be asked for again, after another look."""
        sent_at = self._clock()
        asked = replace(finding, stop_sent_at=sent_at)
        self._finding = asked
        try:
            result = self._provider.stop(finding.ref)
        except ProviderError as error:
            if error.trouble is Trouble.THROTTLED and not last:
                return None
            raise
        if result is StopResult.ALREADY_GONE:
            return became(asked, Outcome.ALREADY_GONE, "it had ended or was ending by itself when told to stop")
        return became(asked, Outcome.STOPPED, finding.detail)

    def _wait(self, times: int) -> None:
        """Longer each time, and differently from the other stops that were throttled with it."""
        longest = min(LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (times - 1))
        self._pause(longest * random.uniform(0.5, 1))  # noqa: S311 - no secret
