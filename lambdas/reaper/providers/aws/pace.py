"""How fast a client asks once it was told that it asks too much, and how long it goes on asking.

The rate follows what is answered, not what is refused. Where a service hands out so many calls a second, that is a little more
than it hands out: about a third is refused, and other users of the same quota get theirs. Where calls are refused
however few they are (the quota is used up by others), asking less would not help, and the rate stays. botocore's adaptive
mode slows down with every refusal, to one call in two seconds. Measured in `tests/bench/throttling.py`.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from reaper.providers.aws.errors import is_throttled

GAIN: Final = 1.5
"""Calls sent for each that is answered, at most. Rates hold while fewer than a third of all calls are refused."""
SLOWEST: Final = 2.0
"""Calls a second, at least."""
WINDOW: Final = 1.0
"""Seconds over which answers are counted."""
LONGEST_PAUSE: Final = 20.0
"""Seconds before a refused call is sent again, at most; as botocore's standard mode has it."""


class Pace:
    """The rate of one client, whose threads it makes wait, and the patience with what it was refused.

    ``attempts`` is how often a call that is throttled is sent, at most: also where botocore, which stops repeating when
    a client has repeated a lot, would rather give it up. ``clock`` is in seconds, ``sleep`` waits for so many, and ``chance``
    is between 0 and 1, so that threads that were refused at once do not come back at once.
    """

    def __init__(
        self,
        attempts: int,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._attempts = attempts
        self._clock = clock or time.monotonic
        self._sleep = sleep or time.sleep
        self._chance = chance
        self._lock = threading.Lock()
        self._throttled = False
        self._answered: deque[float] = deque()
        self._free_at = 0.0

    def before_send(self, **_: object) -> None:
        """Wait until the next call may be sent (botocore's event ``before-send``)."""
        with self._lock:
            if not self._throttled:
                return
            now = self._clock()
            turn = max(now, self._free_at)
            self._free_at = turn + 1 / self._rate(now)
        self._sleep(turn - now)

    def needs_retry(self, response: tuple[Any, dict[str, Any]] | None, attempts: int, **_: object) -> float | None:
        """Learn from an answer; seconds after which a throttled call is to be sent again (``needs-retry``)."""
        throttled = response is not None and is_throttled(response[1])
        with self._lock:
            if throttled:
                self._throttled = True
            elif response is not None:
                now = self._clock()
                self._answered.append(now)
                self._forget(now)
        if not throttled or attempts >= self._attempts:
            return None
        return self._chance() * min(2.0 ** (attempts - 1), LONGEST_PAUSE)

    def _rate(self, now: float) -> float:
        self._forget(now)
        return max(SLOWEST, GAIN * len(self._answered) / WINDOW)

    def _forget(self, now: float) -> None:
        while self._answered and self._answered[0] < now - WINDOW:
            self._answered.popleft()
