"""Slack's own models of blocks, as judges of what we send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.models.blocks import Block


def judge(message: Mapping[str, Any]) -> None:
    """Raise what Slack's SDK raises for a block that breaks one of its limits, or that it does not know.

    Elements of ``actions``, ``accessory`` and texts are judged with the block that holds them.
    """
    for document in message["blocks"]:
        block = Block.parse(document)
        assert block is not None, document
        assert type(block) is not Block, f"the SDK knows no block of type {document['type']}"
        rendered = block.to_dict()
        # What a model does not know it leaves out, so nothing of ours is lost in it only if all of it is known.
        assert rendered == document, (rendered, document)
        _elements(block)


def _elements(block: Any) -> None:
    for name in ("elements", "fields"):
        for one in getattr(block, name, None) or ():
            one.validate_json()
    for name in ("accessory", "text"):
        if (one := getattr(block, name, None)) is not None:
            one.validate_json()
    for one in getattr(block, "elements", None) or ():
        if (confirm := getattr(one, "confirm", None)) is not None:
            confirm.validate_json()
