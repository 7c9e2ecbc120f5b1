"""Sends a report to an SNS topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from reaper.cli.errors import CommandError
from reaper.cli.text import clean

if TYPE_CHECKING:
    from reaper.bootstrap import Opened
    from reaper.notifiers.sns import SnsClient
    from reaper.wire.report import Report


def check_topic(topic: str, opened: Opened) -> None:
    """Ask SNS for the topic, so that nothing is stopped of which nobody could be told.

    Whoever may publish need not be allowed to look at the topic: a refusal tells nothing, and is let pass.

    Raises:
        CommandError: there is no such topic, or SNS cannot be reached in its region.
    """
    # Together with the SDK, which --help and usage errors need not wait for.
    from reaper.providers.aws.errors import Asked, translate  # noqa: PLC0415
    from reaper.sweep.ports import Trouble  # noqa: PLC0415

    region = topic.split(":")[3]
    asked = Asked("sns:GetTopicAttributes", topic, region, "Amazon SNS", opened.clients)
    try:
        client: Any = opened.clients.client("sns", region)
        client.get_topic_attributes(TopicArn=topic)
    except Exception as error:
        failure = translate(error, asked, sent=True)
        if failure.trouble is Trouble.DENIED:
            return
        raise CommandError(f"nobody could be told what is stopped: {clean(failure)}") from error


def publish(topic: str, report: Report, opened: Opened) -> str | None:
    """Publish the report, in the topic's own region. Returns ``None``, or the sentence that says why it failed."""
    # Together with the SDK, which --help and usage errors need not wait for.
    from reaper.notifiers.port import NotifyError  # noqa: PLC0415
    from reaper.notifiers.sns import SnsNotifier  # noqa: PLC0415

    region = topic.split(":")[3]
    try:
        client = cast("SnsClient", opened.clients.client("sns", region))
        SnsNotifier(client, topic).tell(report)
    except NotifyError as error:
        return clean(error)
    except Exception as error:  # noqa: BLE001 - the sweep is over: nothing may take its result and exit code with it
        return clean(f"the report was not published to {topic}: {error}")
    return None
