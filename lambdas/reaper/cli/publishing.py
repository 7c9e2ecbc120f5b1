"""Sends a report to an SNS topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from reaper.cli.text import clean

if TYPE_CHECKING:
    from reaper.bootstrap import Opened
    from reaper.notifiers.sns import SnsClient


def publish(topic: str, document: dict[str, Any], opened: Opened) -> str | None:
    """Publish the report, in the topic's own region. Returns ``None``, or the sentence that says why it failed."""
    # Together with the SDK, which --help and usage errors need not wait for.
    from reaper.notifiers.sns import NotifyError, SnsNotifier  # noqa: PLC0415

    region = topic.split(":")[3]
    try:
        client = cast("SnsClient", opened.clients.client("sns", region))
        SnsNotifier(client, topic).publish(document)
    except NotifyError as error:
        return clean(error)
    except Exception as error:  # noqa: BLE001 - the sweep is over: nothing may take its result and exit code with it
        return clean(f"the report was not published to {topic}: {error}")
    return None
