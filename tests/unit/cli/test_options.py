"""The values of options, read strictly."""

from __future__ import annotations

import click
import pytest

from reaper.cli.options import Common, Moment, ServiceName, TopicArn, common_options


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


def test_a_fifo_topic_is_refused_before_anything_is_stopped():
    with pytest.raises(click.BadParameter, match="is a FIFO topic, which takes no report: name a standard one"):
        TopicArn().convert("arn:aws:sns:us-east-1:123456789012:t.fifo", None, None)


def options_of(*arguments: str) -> Common:
    @click.command()
    @common_options()
    def command(common: Common) -> None:
        seen.append(common)

    seen: list[Common] = []
    command.main(arguments, standalone_mode=False)
    return seen[0]


def test_regions_and_services_may_be_named_with_commas():
    common = options_of("--region", "us-east-1, eu-west-1", "--region", "eu-west-1", "--service", "glue,athena")
    assert (common.regions, common.services) == (("us-east-1", "eu-west-1"), ("glue", "athena"))


@pytest.mark.parametrize(
    ("option", "sentence"),
    [(("--region", "us-east-1,"), "a name is empty"), (("--service", "glue,athina"), "did you mean `athena`")],
)
def test_each_name_between_commas_has_to_be_one(option: tuple[str, str], sentence: str):
    with pytest.raises(click.BadParameter, match=sentence):
        options_of(*option)


@pytest.mark.parametrize(
    "arn", ["arn:aws:sns:us-east-1:123456789012:t", "arn:aws-cn:sns:cn-north-1:123456789012:a_b-c"]
)
def test_topics_of_every_partition_are_taken(arn: str):
    assert TopicArn().convert(arn, None, None) == arn
