"""One cold start: ``python -m tests.bench.start_cold handler|boto3``, with the packages of ``BENCH_PACKAGES`` alone.

Nothing but the standard library may be imported before the clock starts, and of that only what an interpreter or the
Lambda runtime has anyway.
"""

import json
import os
import sys
import time
from pathlib import Path

from tests.bench.memory import peak_megabytes

SERVICES = ("athena", "deadline", "glue")
ENVIRONMENT = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "POWERTOOLS_SERVICE_NAME": "session-reaper",
    "POWERTOOLS_METRICS_NAMESPACE": "SessionReaper",
}


def handler() -> int:
    """What the first invocation does before its first call; the number of clients."""
    import reaper.handlers.sweep as function  # noqa: PLC0415
    from reaper.bootstrap import Selection, open_providers  # noqa: PLC0415

    own = [function._client("appconfigdata"), function._client("sns")]
    selection = Selection(services=SERVICES, regions=("eu-central-1",), account="111122223333")
    opened = open_providers(selection, os.environ)
    return len(own + [opened.clients.client(service, "eu-central-1") for service in SERVICES])


def boto3() -> int:
    """The same clients as anybody would make them; their number."""
    import boto3  # noqa: PLC0415
    from aws_lambda_powertools import Logger, Metrics  # noqa: PLC0415

    Logger()
    Metrics()
    session = boto3.Session(region_name=os.environ["AWS_REGION"])
    return len([session.client(service) for service in ("appconfigdata", "sns", *SERVICES)])  # type: ignore[call-overload]


def main() -> None:
    """Start cold and say what it took."""
    side, packages = sys.argv[1], os.environ.pop("BENCH_PACKAGES")
    for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTOOLS_", "REAPER_"))]:
        del os.environ[name]
    os.environ.update(ENVIRONMENT)
    library = Path(os.__file__).parent
    # This folder and the product's sources are on the path as well: what is imported has to come from the packages alone.
    sys.path[:] = [packages, *(entry for entry in sys.path if Path(entry).is_relative_to(library))]
    before = set(sys.modules)
    started = time.process_time()
    clients = {"handler": handler, "boto3": boto3}[side]()
    spent = time.process_time() - started
    for name in sys.modules.keys() - before - {"__mp_main__"}:
        origin = getattr(sys.modules[name], "__file__", None)
        if origin and not Path(origin).is_relative_to(packages) and not Path(origin).is_relative_to(library):
            sys.exit(f"{name} came from {origin}")
    sys.stdout.write(json.dumps({"cpu": spent, "clients": clients, "megabytes": peak_megabytes()}))


main()
