"""Strange worlds for property tests: any mixture of known, absent, unasked and undecidable facts, and any policies."""

from __future__ import annotations

from hypothesis import strategies as st

from reaper.core.facts import ABSENT, IN_USE, Facts, Undecidable
from reaper.core.pin import KEEP_UNTIL
from reaper.core.policy.model import (
    Action,
    AllOf,
    AnyOf,
    Compare,
    FactRef,
    Guards,
    Lifted,
    Not,
    Operator,
    Policy,
    Presence,
    TagPresence,
    TagTest,
    TextTest,
)
from reaper.core.session import Phase, Session
from reaper.sweep.ports import ProviderError, StopResult, Trouble
from tests.support.providers import Scripted
from tests.support.sessions import DAY, HOUR, MINUTE, NOW, ref

undecidable = st.sampled_from([Undecidable("denied"), Undecidable("throttled"), Undecidable("garbled")])
instants = st.floats(NOW - 3 * DAY, NOW + HOUR, allow_nan=False)
durations = st.sampled_from([0.0, MINUTE, 10 * MINUTE, HOUR, 8 * HOUR, DAY])
phases = st.sampled_from(Phase)
tag_maps = st.dictionaries(st.sampled_from(["env", "team", "owner"]), st.sampled_from(["prod", "dev", ""]), max_size=2)
pins = st.sampled_from(["2027-01-20", "2026-01-01", "2027-01-15T08:00:01Z", "soon", "2027-01-15T07:59:59Z"])


def fact(known):
    return st.one_of(known, st.just(ABSENT), undecidable)


@st.composite
def facts(draw):
    tags = draw(st.one_of(tag_maps, undecidable))
    if isinstance(tags, dict) and draw(st.integers(0, 3)) == 0:
        tags = {**tags, KEEP_UNTIL: draw(pins)}
    phase = draw(st.one_of(st.just(Phase.IDLE), phases, undecidable))
    idle = draw(st.one_of(instants, st.just(ABSENT), undecidable))
    return Facts(
        state=draw(st.sampled_from(["READY", "BUSY", "WEIRD"])),
        phase=phase,
        created_at=draw(fact(instants)),
        idle_since=IN_USE if phase is Phase.BUSY else idle,
        idle_timeout=draw(fact(durations)),
        tags=tags,
        kind=draw(fact(st.sampled_from(["glueetl", "SQL"]))),
    )


@st.composite
def worlds(draw, max_sessions=8):
    """Scripted sessions of one service, some of which change before they are looked at again."""
    scripts = []
    for number in range(draw(st.integers(0, max_sessions))):
        scope = draw(st.sampled_from([(), (("workgroup", "a"),), (("workgroup", "b"),)]))
        error = draw(st.sampled_from([None, None, None, ProviderError(Trouble.THROTTLED, "throttled")]))
        scripts.append(
            Scripted(
                Session(ref(f"s-{number}", scope=scope), draw(facts())),
                hidden=draw(
                    st.sampled_from(
                        [frozenset(), frozenset({"tags"}), frozenset({"phase", "idle_since", "tags", "idle_timeout"})]
                    )
                ),
                later=draw(st.one_of(st.none(), facts())),
                vanishes=draw(st.booleans()) and draw(st.booleans()),
                reread_error=error,
                stop_result=draw(st.sampled_from(StopResult)),
            )
        )
    return scripts


ordered = st.builds(
    Compare,
    st.sampled_from(["age", "idle_for", "idle_timeout"]),
    st.sampled_from([operator for operator in Operator if operator != "!="]),
    st.one_of(durations, st.sampled_from([FactRef("idle_timeout"), FactRef("age"), FactRef("idle_for")])),
)
texts = st.one_of(
    st.builds(TextTest, st.just("phase"), st.sampled_from([("idle",), ("busy", "idle"), ("*",)])),
    st.builds(TextTest, st.just("kind"), st.sampled_from([("glueetl",), ("S?L",)])),
    st.builds(TextTest, st.just("state"), st.sampled_from([("READY",), ("*",)])),
)
tagged = st.one_of(
    st.builds(TagTest, st.sampled_from(["env", "team"]), st.sampled_from([("prod",), ("*",), ("d*", "")])),
    st.builds(TagPresence, st.sampled_from(["env", "team"]), st.booleans()),
    st.builds(Presence, st.sampled_from(["idle_timeout", "kind", "tags"]), st.booleans()),
)
leaves = st.one_of(ordered, texts, tagged)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)


never_lifted: st.SearchStrategy[frozenset[Lifted]] = st.just(frozenset())
no_grace: st.SearchStrategy[float | None] = st.none()


@st.composite
def policies(
    draw,
    *,
    lifted: st.SearchStrategy[frozenset[Lifted]] = never_lifted,
    graces: st.SearchStrategy[float | None] = no_grace,
):
    found = []
    for number in range(draw(st.integers(1, 4))):
        action = draw(st.sampled_from(Action))
        found.append(
            Policy(
                name=f"p-{number}",
                when=draw(conditions),
                then=action,
                services=draw(st.sampled_from([frozenset(), frozenset({"glue"}), frozenset({"athena"})])),
                grace=draw(graces) if action is Action.STOP else None,
                even_when=draw(lifted) if action is Action.STOP else frozenset(),
            )
        )
    return found


any_lifted = st.frozensets(st.sampled_from(Lifted), max_size=2)
loose_guards = st.just(Guards(max_stops=1000, max_stop_share=1.0, min_age=0.0))
any_guards = st.builds(
    Guards,
    max_stops=st.integers(0, 6),
    max_stop_share=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    min_population=st.integers(0, 6),
    min_age=st.sampled_from([0.0, 600.0]),
)
