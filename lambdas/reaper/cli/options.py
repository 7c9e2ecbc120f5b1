"""The options commands share, and how their values are read."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import click

from reaper.catalog.services import clouds, specs
from reaper.core import durations
from reaper.core.policy.problems import did_you_mean, one_of

FORMATS = ("table", "json", "jsonl", "csv", "markdown")
Command = TypeVar("Command", bound=Callable[..., Any])

_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")


class ServiceName(click.ParamType[str]):
    """One of the services, with a suggestion for one that is misspelt."""

    name = "service"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name itself."""
        names = list(specs())
        if value in names:
            return value
        hint = did_you_mean(value, names)
        return self.fail(f"there is no service {value!r}; {hint or f'there are {one_of(names)}'}", param, ctx)


class Moment(click.ParamType[float]):
    """An RFC 3339 date-time, as epoch seconds."""

    name = "RFC3339"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Epoch seconds."""
        if isinstance(value, float):
            return value
        try:
            if _RFC3339.fullmatch(value):
                # Python before 3.11.4 reads up to six digits of a second.
                text = re.sub(r"(\.\d{6})\d+", r"\1", value.upper().replace(" ", "T"))
                return datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError):
            pass
        return self.fail(f"{value!r} is no RFC 3339 date-time; write it like 2026-03-01T10:00:00Z", param, ctx)


class Duration(click.ParamType[float]):
    """A duration such as ``24h``, as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        try:
            return durations.parse(value)
        except durations.DurationError as error:
            return self.fail(f"{error}; {error.hint}", param, ctx)


class TopicArn(click.ParamType[str]):
    """The ARN of an SNS topic."""

    name = "ARN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The ARN itself."""
        if _TOPIC.fullmatch(value):
            if value.endswith(".fifo"):
                message = f"{value!r} is a FIFO topic, which takes no report: name a standard one"
                return self.fail(message, param, ctx)
            return value
        message = f"{value!r} is no ARN of an SNS topic; one is like arn:aws:sns:us-east-1:123456789012:sessions"
        return self.fail(message, param, ctx)


def several(kind: click.ParamType[str]) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], tuple[str, ...]]:
    """The values of an option that may be repeated, and may name several of ``kind`` with commas, as context does."""

    def split(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        parts = [part.strip() for value in values for part in value.split(",")]
        if not all(parts):
            raise click.BadParameter("a name is empty", ctx, param)
        return tuple(dict.fromkeys(kind.convert(part, param, ctx) for part in parts))

    return split


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The options of every command that looks at sessions."""

    services: tuple[str, ...]
    regions: tuple[str, ...]
    elsewhere: dict[str, str]
    """The region that was named in each cloud besides AWS, by the cloud's name."""
    profile: str | None
    output: str
    output_file: str | None
    now: float | None
    quiet: bool

    def clock(self) -> Callable[[], float]:
        """The real time, or ``--now`` standing still."""
        pretended = self.now
        return time.time if pretended is None else lambda: pretended


def common_options(*, formats: tuple[str, ...] = FORMATS) -> Callable[[Command], Command]:
    """Adds the common options to a command, which gets them as one :class:`Common` called ``common``."""
    options = (
        click.option(
            "--service",
            "services",
            metavar="SERVICE",
            multiple=True,
            callback=several(ServiceName()),
            help=f"Look at this service ({', '.join(specs())}); repeat for more, or name several with commas. By default"
            " those of AWS, and of other clouds where their keys are set.",
        ),
        click.option(
            "--region",
            "regions",
            multiple=True,
            metavar="REGION",
            callback=several(click.STRING),
            help="An AWS region; repeat for more, or name several with commas.",
        ),
        *(
            click.option(f"--{name}-region", _variable(name), metavar="REGION", help=f"The {cloud.title} region.")
            for name, cloud in clouds().items()
        ),
        click.option("--profile", metavar="NAME", help="The AWS profile to use."),
        *output_options(formats),
        click.option(
            "--now",
            type=Moment(),
            help="Judge as if it were that moment, to replay one.",
        ),
        click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; problems are still told."),
    )

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def collected(**arguments: Any) -> Any:
            regions = {name: arguments.pop(_variable(name)) for name in clouds()}
            taken = {name: arguments.pop(name) for name in Common.__slots__ if name != "elsewhere"}
            elsewhere = {name: region for name, region in regions.items() if region}
            return command(common=Common(**taken, elsewhere=elsewhere), **arguments)

        for option in reversed(options):
            collected = option(collected)
        return collected  # type: ignore[return-value] - same but for the options it takes

    return decorate


def _variable(cloud: str) -> str:
    return f"region_in_{cloud}"


def output_options(formats: tuple[str, ...]) -> tuple[Callable[[Any], Any], ...]:
    """``--output`` and ``--output-file``."""
    return (
        click.option("--output", type=click.Choice(formats), default="table", show_default=True, help="The format."),
        click.option("--output-file", metavar="FILE", help="Write there instead of to standard output."),
    )


def policy_option(command: Command) -> Command:
    """``-p FILE``."""
    return click.option(
        "-p",
        "--policy",
        "policy_path",
        metavar="FILE",
        help="The policy file; - for standard input. By default policies.yaml in this directory.",
    )(command)


def sweep_options(command: Command) -> Command:
    """What plan and run have in common besides :func:`common_options`."""
    return click.option(
        "--detailed-exitcode",
        is_flag=True,
        help="Exit with 3 when a policy found something to stop or report.",
    )(
        click.option(
            "--ledger",
            metavar="TABLE",
            help="A DynamoDB table that remembers warnings and snoozes between runs; without one, a grace only warns.",
        )(command)
    )
