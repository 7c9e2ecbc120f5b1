"""What sessions are called outside of this program: their Amazon Resource Names, and the like of other clouds.

Light enough for every function: reads the providers' specs, and no SDK.
"""

from __future__ import annotations

import re
from typing import Final

from reaper.catalog.services import specs
from reaper.core.session import SessionRef

_PARTITIONS: Final = {
    "cn": "aws-cn",
    "us-gov": "aws-us-gov",
    "us-iso": "aws-iso",
    "us-isob": "aws-iso-b",
    "eu-isoe": "aws-iso-e",
    "us-isof": "aws-iso-f",
    "eu-isof": "aws-iso-f",
    "eusc": "aws-eusc",
}
_REGION: Final = re.compile(r"([a-z]+(?:-(?:gov|iso[a-z]?))?)-")
_ACCOUNT: Final = re.compile(r"[0-9]+")


def partition_of(region: str) -> str:
    """The partition that ``region`` belongs to: ``aws``, ``aws-cn``, ``aws-us-gov``, ...; ``aws`` for one nobody knows."""
    found = _REGION.match(region)
    return _PARTITIONS.get(found.group(1), "aws") if found else "aws"


def arn_of(ref: SessionRef, partition: str | None = None) -> str | None:
    """The ARN of ``ref`` (of its job, where the service names no sessions), ``acs:...`` for one of Alibaba Cloud.

    ``partition`` is that of its region unless given. ``None`` where it has none: the service is not known here, or the
    account or a part of the scope that belongs to the name is not.
    """
    spec = specs().get(ref.service)
    if spec is None or not _ACCOUNT.fullmatch(ref.account):
        return None
    parts = {
        **dict(ref.scope),
        "partition": partition or partition_of(ref.region),
        "region": ref.region,
        "account": ref.account,
        "id": ref.id,
    }
    try:
        return spec.session_arn.format_map(parts)
    except KeyError:
        return None
