"""The real client and provider on the embedded EMR Serverless Spark, without waiting between attempts."""

from __future__ import annotations

from dataclasses import dataclass, field

from localcloud.emr_serverless_spark import ACCESS_KEY_ID, ACCESS_KEY_SECRET
from reaper.providers.calls import Calls
from reaper.providers.emr_serverless_spark.client import EmrServerlessSparkClient
from reaper.providers.emr_serverless_spark.provider import EmrServerlessSparkProvider
from reaper.providers.emr_serverless_spark.signing import Credentials
from reaper.providers.emr_serverless_spark.transport import PATIENT, Patience, Transport, endpoint_for

REGION = "cn-hangzhou"
ACCOUNT = "1234567890123456"


@dataclass
class Quick:
    """Client and provider of one server; ``slept`` has the waits in seconds, ``calls`` the calls counted."""

    url: str
    credentials: Credentials = field(default_factory=lambda: Credentials(ACCESS_KEY_ID, ACCESS_KEY_SECRET))
    jitter: float = 0.0
    patience: Patience = PATIENT
    calls: Calls = field(default_factory=Calls)
    slept: list[float] = field(default_factory=list)

    def transport(self) -> Transport:
        return Transport(
            endpoint_for(REGION, self.url),
            self.credentials,
            patience=self.patience,
            sleep=self.slept.append,
            jitter=lambda: self.jitter,
        )

    def client(self) -> EmrServerlessSparkClient:
        return EmrServerlessSparkClient(
            self.transport(), REGION, on_call=lambda name: self.calls.count(f"emr-serverless-spark:{name}")
        )

    def provider(self) -> EmrServerlessSparkProvider:
        return EmrServerlessSparkProvider(self.client(), account=ACCOUNT, region=REGION)
