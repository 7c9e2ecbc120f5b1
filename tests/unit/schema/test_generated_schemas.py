"""The schemas that are checked in are those of the types."""

from __future__ import annotations

from pathlib import Path

import pytest

from reaper.wire.schemas import as_text, documents

FOLDER = Path(__file__).parents[3] / "schema"
DOCUMENTS = documents()


@pytest.mark.parametrize("path", sorted(DOCUMENTS))
def test_what_is_checked_in_is_what_the_types_say(path):
    told = "write the schemas anew: python -m reaper.wire.schemas"

    assert (FOLDER / path).read_text(encoding="utf-8") == as_text(DOCUMENTS[path]), told
