"""The deployed sweep's own handler, in the test's process, on embedded services: its environment, and what came of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import botocore.endpoint
import botocore.loaders
from botocore.retries.bucket import TokenBucket

from localcloud.emr_serverless_spark import ACCESS_KEY_ID, ACCESS_KEY_SECRET, AlibabaServer
from localcloud.server import LocalServer
from reaper.core.report import Mode
from reaper.handlers import sweep
from reaper.providers.emr_serverless_spark.transport import Transport
from reaper.settings import METRICS_NAMESPACE, SERVICES, CloudTarget, DeliverySettings, SweepSettings
from tests.support.backing import Backing, BackingServer

if TYPE_CHECKING:
    import pytest

ACCOUNT, REGION = "000000000000", "us-east-1"
ALIBABA_ACCOUNT, ALIBABA_REGION = "1234567890123456", "cn-hangzhou"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:reports"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:sweep"
HISTORY = "history-of-sweeps"
TABLE = "ledger-of-sweeps"
SECRET = "reaper/alibaba"

_LOADER: Final = botocore.loaders.Loader()
"""One for all: reading the service models takes longer than a sweep."""


@dataclass
class Context:
    """What Lambda tells an invocation of itself; it has ``seconds`` left, now and whenever it is asked."""

    aws_request_id: str = "run-1"
    seconds: float = 900.0
    function_name: str = "sweep"
    invoked_function_arn: str = FUNCTION
    log_group_name: str = "sweep-log"
    memory_limit_in_mb: int = 512

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@dataclass(frozen=True)
class Invocation:
    """What one invocation left behind: its answer or its error, its log, its metrics."""

    answer: Mapping[str, Any] | None
    error: Exception | None
    findings: Mapping[str, Mapping[str, Any]]
    """Session id -> its finding, from the log."""
    blind: tuple[Mapping[str, Any], ...]
    """From the log."""
    metrics: Mapping[str, float]

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: finding["outcome"] for name, finding in self.findings.items()}

    @property
    def notes(self) -> list[str]:
        return list((self.answer or {}).get("notes", ()))


class Deployed:
    """The function as it is deployed, with a cold start for every ``invoke``."""

    def __init__(
        self, backing: BackingServer, aws: LocalServer, alibaba: AlibabaServer, out: Callable[[], str]
    ) -> None:
        """``out`` gives what was printed since it was asked last."""
        self.servers, self.aws, self.alibaba, self._out = backing, aws, alibaba, out

    @property
    def backing(self) -> Backing:
        return self.servers.backing

    def reset(self, policies: Mapping[str, Any], world: Mapping[str, Any]) -> None:
        """Begin anew: nothing remembered, told or wrong, and ``world`` of both clouds."""
        self.aws.gateway.reset()
        self.alibaba.world.reset()
        self.alibaba.faults.clear()
        self.alibaba.record.clear()
        self.servers.backing = Backing(
            function=FUNCTION,
            profiles={"policies": json.dumps(policies).encode(), "switch": b'{"report_only": false}'},
            secrets={SECRET: json.dumps({"access_key_id": ACCESS_KEY_ID, "access_key_secret": ACCESS_KEY_SECRET})},
        )
        self.aws.world.seed({"accounts": world.get("accounts", {})})
        self.alibaba.world.seed({"alibaba": world.get("alibaba", {})})

    def stopped(self) -> set[str]:
        """The ids of the sessions that were stopped, in both clouds."""
        return {stop.session for cloud in (self.aws, self.alibaba) for stop in cloud.world.stops()}

    def killed(self) -> list[str]:
        """The ids of the sessions stopped at work."""
        return [stop.session for cloud in (self.aws, self.alibaba) for stop in cloud.world.violations()]

    def invoke(self, event: Mapping[str, Any] | None = None, context: Context | None = None) -> Invocation:
        """Invoke the handler once, in a function that has just started."""
        sweep._clients.cache_clear()
        sweep._delivery.cache_clear()
        sweep._subscribers.cache_clear()
        log = io.StringIO()
        sweep.logger.registered_handler.setStream(log)  # type: ignore[attr-defined] - it is a StreamHandler
        self._out()
        answer, failure = None, None
        try:
            answer = sweep.handler(event or {}, cast("Any", context or Context()))
        except Exception as error:  # noqa: BLE001 - what failed the invocation is what is looked at
            failure = error
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        return Invocation(
            answer=answer,
            error=failure,
            findings={line["finding"]["ref"]["id"]: line["finding"] for line in lines if "finding" in line},
            blind=tuple(line["blind"] for line in lines if "blind" in line),
            metrics=_metrics(self._out()),
        )


def _metrics(out: str) -> dict[str, float]:
    """Metric -> value, of the lines in CloudWatch's embedded metric format."""
    found: dict[str, float] = {}
    for line in out.splitlines():
        document = json.loads(line)
        for directive in document["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == METRICS_NAMESPACE
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                found[metric["Name"]] = value[0] if isinstance(value, list) else value
    return found


def deploy(
    patch: pytest.MonkeyPatch,
    out: Callable[[], str],
    backing: BackingServer,
    aws: LocalServer,
    alibaba: AlibabaServer,
) -> Deployed:
    """The function in enforce mode, its environment set and its waits between attempts taken out, until ``patch`` ends."""
    settings = SweepSettings(
        mode=Mode.ENFORCE,
        services=SERVICES,
        account=ACCOUNT,
        regions=(REGION,),
        topic_arn=TOPIC,
        delivery=DeliverySettings(application="app", environment="env", policies="policies", switch="switch"),
        ledger_table=TABLE,
        history_bucket=HISTORY,
        elsewhere=(
            CloudTarget(
                cloud="alibaba", region=ALIBABA_REGION, secret=SECRET, account=ALIBABA_ACCOUNT, endpoint=alibaba.url
            ),
        ),
    )
    addresses = {f"AWS_ENDPOINT_URL_{service.upper()}": aws.url for service in ("glue", "athena", "deadline")}
    settings_of_sdk = aws.env(ACCOUNT, REGION) | {"AWS_ENDPOINT_URL": backing.url, **addresses}
    for name, value in (
        settings.to_env() | settings_of_sdk | {"POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE}
    ).items():
        patch.setenv(name, value)
    patch.setattr(sweep.metrics.provider, "namespace", METRICS_NAMESPACE)
    patch.setattr("botocore.session.create_loader", lambda _paths=None: _LOADER)
    # Attempts are as many as they are in the cloud; only the time between them is not.
    patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _seconds: None))
    patch.setattr(TokenBucket, "acquire", lambda _self, _amount=1, *, block=True: block)
    patch.setitem(cast("dict[str, Any]", Transport.__init__.__kwdefaults__), "sleep", lambda _seconds: None)
    return Deployed(backing, aws, alibaba, out)
