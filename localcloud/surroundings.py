"""Keeps the demo and the tests away from every real cloud, whatever the shell they are run from is set up for."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Final

CLOUD_SETTINGS: Final = ("AWS_", "ALIBABA_CLOUD_", "CDK_DEFAULT_", "CDK_DEPLOY_", "REAPER_")
"""How the names of variables begin that name accounts, credentials, regions and endpoints, to the SDKs and to us."""
_LOCAL: Final = ("127.0.0.1", "localhost")


def leave_real_clouds(env: MutableMapping[str, str] = os.environ) -> None:
    """Forget every setting of a cloud in ``env``, files of profiles included, and let no proxy between us and ourselves."""
    for name in [name for name in env if name.startswith(CLOUD_SETTINGS)]:
        del env[name]
    env["AWS_CONFIG_FILE"] = env["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    env["AWS_EC2_METADATA_DISABLED"] = "true"
    for name in ("NO_PROXY", "no_proxy"):
        env[name] = ",".join(dict.fromkeys([*filter(None, env.get(name, "").split(",")), *_LOCAL]))
