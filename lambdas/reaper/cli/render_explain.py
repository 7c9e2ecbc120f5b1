"""An explanation as text. Pure: the document of ``reaper explain`` in, text out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from reaper.cli.console import PIPED_WIDTH
from reaper.cli.grid import wrapped
from reaper.cli.render_rows import Json, blind_lines, joined, state
from reaper.cli.text import clean, fact, is_undecidable, place

if TYPE_CHECKING:
    from reaper.cli.console import Surface

_SUMMED = (("idle_for", "idle for"), ("age", "age"), ("owner", "owner"), ("idle_timeout", "idle timeout"))
_VERDICTS = {
    "stop": "the policies want it stopped",
    "report": "it is reported and left alone",
    "protect": "it is not stopped, whatever else applies",
    "keep": "no policy wants it stopped or reported",
    "undetermined": "what decides it cannot be known, so it is not stopped",
}


def render_explanation(document: Json, surface: Surface) -> str:
    """Verdict first, then when, then every policy with its conditions, then the guards and what one can do."""
    width = surface.width or PIPED_WIDTH
    text = "\n".join(line for section in _sections(document, width) for line in (*section, "")).rstrip("\n") + "\n"
    return joined(text, blind_lines(document["blind"], surface.width))


def _sections(document: Json, width: int) -> Iterator[list[str]]:
    yield list(_about(document, width))
    yield list(_verdict(document, width))
    yield ["Policies", *(line for one in document["policies"] for line in _policy(one, width))]
    if document["verdict"] == "stop" or document["stops_at"] is not None:
        yield [
            "Guards, as things are in this sweep",
            *(line for one in document["guards"] for line in _guard(one, width)),
        ]
    if document["advice"]:
        yield ["What you can do", *(line for one in document["advice"] for line in wrapped(one, width, "  "))]


def _about(document: Json, width: int) -> Iterator[str]:
    facts = document["facts"]
    yield f"{place(document['ref'])} {clean(document['ref']['id'])}"
    name = fact(facts, "name")
    if name not in {"", "-", "?"}:
        yield from wrapped(name, width, "  ")
    known = [
        state(facts),
        *(f"{label} {fact(facts, key)}" for key, label in _SUMMED if fact(facts, key) not in {"", "-"}),
    ]
    yield from wrapped(", ".join(known), width, "  ")


def _verdict(document: Json, width: int) -> Iterator[str]:
    policy = f" (by {clean(document['policy'])})" if document["policy"] else ""
    yield from wrapped(f"Verdict: {document['verdict']}{policy}: {_VERDICTS[document['verdict']]}", width)
    for detail in dict.fromkeys((document["detail"], document["outcome_detail"])):
        if detail:
            yield from wrapped(clean(detail), width, "  ")
    yield from wrapped(f"Would be stopped: {clean(document['when'])}", width)


def _policy(policy: Json, width: int) -> Iterator[str]:
    description = f"  ({clean(policy['description'])})" if policy["description"] else ""
    verb = {"yes": "applies", "no": "does not apply", "?": "is undecided"}[_word(policy["applies"])]
    yield from wrapped(f"{clean(policy['name'])} -> {policy['then']}: {verb}{description}", width, "  ")
    for step in policy["conditions"]:
        indent = "    " + "  " * step["depth"]
        value = f"  = {clean(step['value'])}" if step["value"] else ""
        yield from wrapped(f"{_word(step['holds']):<3}  {clean(step['condition'])}{value}", width, indent, hang=5)
        if step["evidence"]:
            yield from wrapped(clean(step["evidence"]), width, f"{indent}       ")


def _guard(guard: Json, width: int) -> list[str]:
    word = "ok" if guard["allows"] else "NO"
    return wrapped(f"{word:<3}  {guard['guard']}: {clean(guard['detail'])}", width, "    ", hang=5)


def _word(truth: Any) -> str:
    if is_undecidable(truth):
        return "?"
    return "yes" if truth else "no"
