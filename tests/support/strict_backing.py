"""SNS and EventBridge as a sweep meets them, with every limit of theirs that a large sweep could run into.

The limits are those of the services' API references and quotas: SNS "Publish" and "Message attributes", EventBridge
"PutEvents". What is beyond one is refused, and what is within is kept to be looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from localcloud.wire import Reply
from tests.support import backing
from tests.support.backing import Backing, RefusalError

LARGEST = 256 * 1024
"""Bytes of one SNS message with its attributes, and of all entries of one PutEvents."""
MOST_ATTRIBUTES = 10
"""With raw delivery to a queue, SNS throws a message with more away."""
MOST_ENTRIES = 10
MOST_IN_BATCH = 10

# The wire of a service that the sweep calls and :class:`Backing` has none of.
backing.JSON_SERVICES.setdefault("events", "1.1")

_NAME = re.compile(r"(?!aws\.|amazon\.)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.IGNORECASE)
_SUBJECT = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,99}")
"""UTF-8 text with no line breaks or control characters, and less than 100 characters long (SNS, Publish, Subject)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message as SNS took it. ``attributes`` are values: lists for arrays."""

    topic: str
    subject: str
    body: Mapping[str, str]
    """Protocol -> what it gets; ``default`` for all others."""
    attributes: Mapping[str, str | list[Any]]
    size: int

    @property
    def document(self) -> dict[str, Any]:
        """What machines get."""
        return json.loads(self.body["default"])


@dataclass
class StrictBacking(Backing):
    """The services behind a sweep, these two with their limits."""

    told: list[Told] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    largest_request: int = 0
    """Bytes of the largest PutEvents."""

    def _sns_Publish(self, given: dict[str, str]) -> Reply:  # noqa: N802 - the call's own name
        self._take(given)
        return _xml("<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>")

    def _sns_PublishBatch(self, given: dict[str, str]) -> Reply:  # noqa: N802
        entries = list(_numbered(given, "PublishBatchRequestEntries.member"))
        if not 1 <= len(entries) <= MOST_IN_BATCH:
            raise RefusalError("TooManyEntriesInBatchRequest")
        if len({entry["Id"] for entry in entries}) < len(entries):
            raise RefusalError("BatchEntryIdsNotDistinct")
        before = len(self.told)
        for entry in entries:
            self._take({**entry, "TopicArn": given["TopicArn"]})
        if sum(one.size for one in self.told[before:]) > LARGEST:
            raise RefusalError("BatchRequestTooLong")
        done = "".join(f"<member><Id>{escape(entry['Id'])}</Id><MessageId>m</MessageId></member>" for entry in entries)
        return _xml(
            f"<PublishBatchResponse><PublishBatchResult><Successful>{done}</Successful><Failed/>"
            "</PublishBatchResult></PublishBatchResponse>"
        )

    def _take(self, given: Mapping[str, str]) -> None:
        """Keep one message; refuse one that SNS refuses."""
        attributes = dict(_attribute(one) for one in _numbered(given, "MessageAttributes.entry"))
        size = len(given["Message"].encode()) + sum(
            len(value.encode()) for one in _numbered(given, "MessageAttributes.entry") for value in one.values()
        )
        subject = given.get("Subject", "")
        if (
            size > LARGEST
            or not given["Message"]
            or len(attributes) > MOST_ATTRIBUTES
            or (subject and not _SUBJECT.fullmatch(subject))
        ):
            raise RefusalError("InvalidParameter")
        body = (
            json.loads(given["Message"]) if given.get("MessageStructure") == "json" else {"default": given["Message"]}
        )
        if "default" not in body or not all(isinstance(value, str) and value for value in body.values()):
            raise RefusalError("InvalidParameter")
        self.told.append(Told(topic=given["TopicArn"], subject=subject, body=body, attributes=attributes, size=size))

    def _events_PutEvents(self, given: dict[str, Any]) -> Reply:  # noqa: N802
        entries = given["Entries"]
        size = sum(_entry_size(entry) for entry in entries)
        if not 1 <= len(entries) <= MOST_ENTRIES or size >= LARGEST:
            raise RefusalError("ValidationException")
        for entry in entries:
            if not entry["Source"] or entry["Source"].startswith("aws.") or not 1 <= len(entry["DetailType"]) <= 128:
                raise RefusalError("ValidationException")
            if not isinstance(json.loads(entry["Detail"]), dict):
                raise RefusalError("MalformedDetail")
        self.largest_request = max(self.largest_request, size)
        self.entries += entries
        taken = {"FailedEntryCount": 0, "Entries": [{"EventId": f"e-{number}"} for number in range(len(entries))]}
        return Reply(headers={"Content-Type": "application/x-amz-json-1.1"}, body=json.dumps(taken).encode())


def _entry_size(entry: Mapping[str, Any]) -> int:
    """Bytes of an entry as EventBridge counts them ("Calculating PutEvents event entry size"): 14 for its time."""
    texts = [entry["Source"], entry["DetailType"], entry.get("Detail", ""), *entry.get("Resources", ())]
    return (14 if "Time" in entry else 0) + sum(len(text.encode()) for text in texts)


def _numbered(form: Mapping[str, str], prefix: str) -> Iterator[dict[str, str]]:
    """The members of a list in a form, each with the names of its own members."""
    number = 1
    while members := {
        name.removeprefix(f"{prefix}.{number}."): value
        for name, value in form.items()
        if name.startswith(f"{prefix}.{number}.")
    }:
        yield members
        number += 1


def _attribute(member: Mapping[str, str]) -> tuple[str, str | list[Any]]:
    """Name and value of a message attribute; refuses what SNS refuses."""
    name, kind, value = member["Name"], member["Value.DataType"], member.get("Value.StringValue", "")
    if not _NAME.fullmatch(name) or len(name) > 256 or not value:
        raise RefusalError("ParameterValueInvalid")
    match kind:
        case "String":
            return name, value
        case "String.Array":
            try:
                values = json.loads(value)
            except ValueError:
                raise RefusalError("ParameterValueInvalid") from None
            if not isinstance(values, list) or not all(
                one is None or isinstance(one, str | bool | int | float) for one in values
            ):
                raise RefusalError("ParameterValueInvalid")
            return name, values
        case "Number" if re.fullmatch(r"-?\d+(\.\d+)?", value):
            return name, value
        case _:
            raise RefusalError("ParameterValueInvalid")


def _xml(text: str) -> Reply:
    return Reply(headers={"Content-Type": "text/xml"}, body=text.encode())
