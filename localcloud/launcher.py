"""The process of the embedded cloud: ministack with our services on one port, Alibaba Cloud on another.

Runs in the emulator's own environment (`.venv-localcloud`), started by `client`. Ends with whoever started it.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import signal
import threading
import time
from collections.abc import Sequence

from localcloud import emulator
from localcloud.emr_serverless_spark import AlibabaServer


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop: `python -m localcloud serve --port P`."""
    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    serve = parser.add_subparsers(required=True).add_parser("serve", help="serve the embedded cloud")
    serve.add_argument("--port", type=int, required=True, help="port of the AWS endpoint and the control API")
    serve.add_argument("--alibaba-port", type=int, help="port of the Alibaba Cloud endpoint")
    serve.add_argument("--auth", action="store_true", help="enforce IAM")
    serve.add_argument("--minute", type=float, default=60.0, help="how many seconds a minute of a schedule lasts")
    serve.add_argument("--models", help="botocore data folder to take the service models from")
    serve.add_argument("--parent", type=int, help="process id to end with")
    options = parser.parse_args(arguments)
    os.environ.update(
        GATEWAY_PORT=str(options.port),
        BIND_HOST="127.0.0.1",
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        AUTH="true" if options.auth else "false",
    )
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    if options.parent is not None:
        threading.Thread(target=_end_with, args=(options.parent,), daemon=True).start()
    asyncio.run(_serve(options.port, options.alibaba_port, options.models, options.minute))


async def _serve(port: int, alibaba_port: int | None, models: str | None, minute: float) -> None:
    # Both exist in the emulator's own environment only, and ministack reads its settings when it is imported.
    ministack = importlib.import_module("ministack.app")
    hypercorn = importlib.import_module("hypercorn.asyncio")
    cloud = emulator.gateway(models)
    app = emulator.install(cloud, ministack, minute)
    config = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.5
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    alibaba = None
    if alibaba_port is not None:
        alibaba = AlibabaServer(cloud.world, cloud.faults, cloud.calls, port=alibaba_port).start()
    try:
        await hypercorn.serve(app, config, shutdown_trigger=stop.wait)
    finally:
        if alibaba is not None:
            alibaba.stop()
    # Lambda workers and schedules of ministack live in threads that nobody joins.
    os._exit(0)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    # The Lambdas run in this process's group.
    os.killpg(os.getpgrp(), signal.SIGKILL)
