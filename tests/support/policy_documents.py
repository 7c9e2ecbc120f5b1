"""Policy documents as plain values, valid and not: tables of awkward values, and strategies that mix them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from reaper.catalog.services import prices
from reaper.core.vocabulary import VOCABULARY

# Every value below is tried in every place of its kind: what is right in one place is wrong in another.
FACT_VALUES = [
    "present", "absent", "!present", "!absent", "ada", "ada*", "!ada", "!ada*", "!", "! ada", "!!ada", "!=ada", "", " ", "\n",
    "> bob", "=bob", "<", "idle", "!idle", "i*", "!i*", "I*", "x*", "*", "sleeping", "unknown", "glue", "!glue", "g?ue", "idle\n",
    "> 2h", ">2h", " >=  30m ", "< 1d", "<= 5", "== 0s", "!= 20m", "=> 30m", "> 30", "> 1.5h", "> 1.5", "> 30m\n", ">\t30m",
    "> 1h30", "> 30m1h", "> 1w2d3h4m5s", "> -5m", "> idle_for", "> idle_timeout", "> age", "> dpus", "> idle_cost",
    "> hourly_cost", "> owner", ">", "30m", "> 9999999999s", "> 0.1234567890", "> 1e3", "prod,test", "\u00e9\U0001f600",
    5, -5, 1.5, 0, True, False, None, [], {}, ["ada"], ["ada", "b*"], ["ada", "!bob"], ["present"], ["idle", "busy"], ["i*"],
    ["!idle"], ["> 2h"], [5, True], [None], [[]], ["ada", {}], ["glue", "glue"], {"is": "ada"}, {"env": "prod"},
    {"env": ["a", "b*"]}, {"env": "!a"}, {"env": "present"}, {"env": None}, {"env": {}}, {"env": []}, {"env": 5}, {"": "x"},
    {"a*": "x"}, {"a?": "x"}, {"a\n": "x"}, {"env": "> 5"}, {"env": ""}, {"phase": "idle"},
]  # fmt: skip

ANY_VALUES = [
    None, True, False, 0, 1, 2, -1, 0.5, 1.0, 1.5, 1_000_000, 1_000_001, "", "x", "1", [], [None], [1], ["x"], ["x", "x"], [""],
    {}, {"x": 1}, [{}], "p-1_2.3", "-p", "p\n", "p" * 64, "p" * 65, "session-reaper/x", "stop", "report", "protect", "kill",
    "15m", "1h30m", "0s", "0m0s", "30", "30 minutes", "15m\n", ["glue"], ["glue", "athena"], ["glue", "glue"], ["g*"], "glue",
    ["busy"], ["busy", "undecidable"], ["idle"], "mon-fri", "sat,sun", "fri-mon, wed", "mon-", "monday", "mon\n", "08:00", "8:00",
    "24:00", "23:59", "24:01", "08:00\n", "UTC", "Europe/Berlin", "Mars/Base", "../x", "a*", ["owner", "team"],
    {"phase": "idle"}, {"glue_dpu_hour": 0.4}, {"glue_dpu_hour": 0}, {"glue_dpu_hour": -1}, {"glue_dpu_hour": "1"}, {"glue": 1},
    {"max_stops": 3}, {"max_stops": 3.0}, "observe", "warn", "enforce", "Warn", 1.0000001, 100, 101, 1e300, "8h", "never",
    {"max": "8h", "times": 3}, {"max": "8h"}, {"times": 0}, {"times": 100}, {"times": 101}, {"times": -1}, {"times": "3"},
    {"times": 1.5}, {"times": 3.0}, {"times": None}, {"times": True}, {"max": 8}, {"max": "8"}, {"max": None}, {"max": "8h\n"},
    {"max": "1h"}, {"max": "60m"}, {"max": "59m59s"}, {"max": "7d"}, {"max": "1w"}, {"max": "1w1s"}, {"max": "0s"},
    {"max": "8h", "time": 3}, {"max": "8h", "times": 3, "until": "9:00"},
]  # fmt: skip


def one_policy(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "policies": [{"name": "p", "when": {"phase": "idle"}, "then": "stop", **fields}]}


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 19).flatmap(lambda die: odd if die == 0 else usual)


shares = st.floats(-0.1, 1.1)
odd = st.sampled_from([*FACT_VALUES, *ANY_VALUES])
number_text = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,2})?", fullmatch=True)
duration_text = st.from_regex(r"([0-9]{1,2}[wdhms]){1,2}[0-9]?", fullmatch=True)
operator = st.sampled_from([">", ">=", "<", "<=", "==", "!=", "=>", "="])
space = st.sampled_from(["", " ", "  "])
comparison = st.builds(
    "".join,
    st.tuples(space, operator, space, st.one_of(number_text, duration_text, st.sampled_from(list(VOCABULARY))), space),
)
pattern = st.text(alphabet="ab*?!<=> \n\u00e9", max_size=4)
text_value = st.one_of(pattern, st.lists(pattern, max_size=3), st.sampled_from(["present", "absent"]), st.integers())
leaf_value = st.one_of(comparison, text_value, st.sampled_from(["idle", "!busy", "glue", ["idle", "busy"]]))
leaf = st.dictionaries(
    st.sampled_from([*VOCABULARY, "idel_for"]),
    mostly(leaf_value, odd) | st.dictionaries(st.text(alphabet="ab*/", max_size=3), text_value, max_size=2),
    max_size=3,
)
conditions = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"all": mostly(st.lists(inner, max_size=2), odd)}),
        st.builds(lambda one, more: {**one, "any": more}, inner, st.lists(inner, max_size=2)),
    ),
    max_leaves=4,
)
policies = st.fixed_dictionaries(
    {
        "name": mostly(st.from_regex(r"[a-z]{1,4}", fullmatch=True), odd),
        "when": mostly(conditions, odd),
        "then": mostly(st.sampled_from(["stop", "report", "protect"]), odd),
    },
    optional={
        "description": mostly(st.text(max_size=3), odd),
        "services": mostly(st.lists(st.sampled_from(["glue", "athena", "glew"]), max_size=2), odd),
        "grace": mostly(duration_text, odd),
        "even_when": mostly(st.lists(st.sampled_from(["busy", "starting", "idle"]), max_size=2), odd),
        "stage": mostly(st.sampled_from(["observe", "warn", "enforce", "Enforce"]), odd),
        "snooze": mostly(
            st.fixed_dictionaries(
                {},
                optional={
                    "max": mostly(st.sampled_from(["30m", "1h", "90m", "8h", "2d", "7d", "1w1d"]), odd),
                    "times": mostly(st.integers(-1, 101), odd),
                },
            ),
            odd,
        ),
    },
)
documents = st.fixed_dictionaries(
    {"version": mostly(st.just(1), odd)},
    optional={
        "policies": mostly(st.lists(policies, max_size=3), odd),
        "guards": mostly(
            st.fixed_dictionaries(
                {},
                optional={
                    "max_stops": mostly(st.integers(-1, 5), odd),
                    "max_stop_share": mostly(shares, odd),
                    "min_age": mostly(duration_text, odd),
                    "max_idle_cost": mostly(st.floats(-1, 100) | st.integers(0, 2_000_000), odd),
                    "population_factor": mostly(st.floats(0.5, 10), odd),
                    "max_tag_failures": mostly(shares, odd),
                    "max_evidence_failures": mostly(shares, odd),
                    "max_regret_share": mostly(shares, odd),
                },
            ),
            odd,
        ),
        "owner_tags": mostly(st.lists(st.text(max_size=2), max_size=3), odd),
        "prices": mostly(st.dictionaries(st.sampled_from([*prices(), "x"]), st.floats(-1, 1)), odd),
    },
)
