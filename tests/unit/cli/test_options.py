"""The values of options, read strictly."""

from __future__ import annotations

import click
import pytest

from reaper.cli.options import Moment, ServiceName, TopicArn


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-03-01T10:00:00Z", 1_772_359_200.0),
        ("2026-03-01t10:00:00z", 1_772_359_200.0),
        ("2026-03-01 12:00:00+02:00", 1_772_359_200.0),
        ("2026-03-01T10:00:00.123456789Z", 1_772_359_200.123456),
    ],
)
def test_moments_are_rfc_3339(text: str, seconds: float):
    assert Moment().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-01T10:00:00", "now", "1772359200", "2026-13-01T10:00:00Z", ""])
def test_a_moment_that_leaves_room_for_guessing_is_refused(text: str):
    with pytest.raises(click.BadParameter, match="write it like 2026-03-01T10:00:00Z"):
        Moment().convert(text, None, None)


def test_a_misspelt_service_is_answered_with_the_one_that_was_meant():
    with pytest.raises(click.BadParameter, match="there is no service 'glew'; did you mean `glue`"):
        ServiceName().convert("glew", None, None)


@pytest.mark.parametrize("text", ["sessions", "arn:aws:sqs:us-east-1:123456789012:q", "arn:aws:sns:us-east-1:1:t"])
def test_what_is_no_topic_is_refused(text: str):
    with pytest.raises(click.BadParameter, match="is no ARN of an SNS topic"):
        TopicArn().convert(text, None, None)


@pytest.mark.parametrize(
    "arn", ["arn:aws:sns:us-east-1:123456789012:t", "arn:aws-cn:sns:cn-north-1:123456789012:a_b-c"]
)
def test_topics_of_every_partition_are_taken(arn: str):
    assert TopicArn().convert(arn, None, None) == arn
