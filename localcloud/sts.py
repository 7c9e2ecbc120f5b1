"""The one thing the reaper asks of STS: whose credentials these are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.service import Context, Handler, Page, Trouble
from localcloud.state import Region


class Sts:
    """The emulation of GetCallerIdentity, which everybody is allowed."""

    name = "sts"
    pages: Mapping[str, Page] = {}
    trouble = Trouble(
        invalid="ValidationError",
        bad_token="ValidationError",  # noqa: S106
        denied="AccessDenied",
        throttled="Throttling",
        broken="InternalFailure",
        expired="ExpiredToken",
        unrecognized="InvalidClientTokenId",
        status=403,
    )

    def __init__(self) -> None:
        self.operations: Mapping[str, Handler] = {"GetCallerIdentity": self._get_caller_identity}

    def permission(self, operation: str, parameters: Mapping[str, Any], region: Region) -> tuple[str, str]:  # noqa: ARG002
        """Return the IAM action and the resource it is checked on."""
        return f"sts:{operation}", "*"

    def _get_caller_identity(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        account = context.region.account
        return {"UserId": context.principal, "Account": account, "Arn": f"arn:aws:iam::{account}:user/local"}
