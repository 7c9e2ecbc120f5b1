"""EMR Serverless Spark as data: what it can tell, and which permissions that takes."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from reaper.catalog.spec import Cloud, FactSource, ServiceSpec

WORKSPACE: Final = "workspace"
"""The source of the tags of one session, when they were not read on the way to it."""

ALIBABA: Final = Cloud(
    name="alibaba",
    title="Alibaba Cloud",
    keys=MappingProxyType(
        {"access_key_id": "ALIBABA_CLOUD_ACCESS_KEY_ID", "access_key_secret": "ALIBABA_CLOUD_ACCESS_KEY_SECRET"}
    ),
    region_variable="ALIBABA_CLOUD_REGION_ID",
    account_variable="ALIBABA_CLOUD_ACCOUNT_ID",
    endpoint_variable="ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK",
    region_pattern=r"[a-z]{2}-[a-z]+(-[a-z]+)*(-\d+)?",
    region_example="cn-hangzhou",
    account_pattern=r"\d*",
)

SPEC: Final = ServiceSpec(
    service="emr-serverless-spark",
    title="Alibaba Cloud EMR Serverless Spark session clusters",
    brand="EMR Serverless Spark",
    scope=("workspace",),
    cloud=ALIBABA,
    # A session does not say how large it is, so there is no price.
    since=1691452800.0,  # 2023-08-08
    # RAM's form, acs:service:region:account:relative-id. The vendor documents no relative id for this service, whose
    # permissions all are on "*"; this one is ours.
    session_arn="acs:emr-serverless-spark:{region}:{account}:workspace/{workspace}/sessioncluster/{id}",
    # Nothing of AWS is called. What the Alibaba Cloud key pair needs is in RAM_READ and RAM_STOP.
    read=(),
    stop=(),
    sources=(FactSource(WORKSPACE, "emr-serverless-spark:ListWorkspaces", frozenset({"tags"})),),
    list_evidence=MappingProxyType(
        {
            "created_at": "startTime of emr-serverless-spark:ListSessionClusters, else gmtCreate",
            "idle_timeout": "autoStopConfiguration of emr-serverless-spark:ListSessionClusters",
            "tags": "tags of the workspace, from emr-serverless-spark:ListWorkspaces",
        }
    ),
)

RAM_READ: Final = ("emr-serverless-spark:ListSessionClusters", "emr-serverless-spark:ListWorkspaces")
"""RAM actions that judging needs, on resource ``*``: the service knows no permission on a single workspace or session.

Source: "RAM authorization" of each operation's page in the vendor's API reference.
"""

RAM_STOP: Final = ("emr-serverless-spark:GetSessionCluster", "emr-serverless-spark:StopSessionCluster")
"""RAM actions that stopping needs on top, the re-check before it included; on resource ``*`` too."""
