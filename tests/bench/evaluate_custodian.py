"""Cloud Custodian's side of the evaluation. Runs in its own environment, without the product."""

from __future__ import annotations

import gc
import tempfile
import time

from c7n.config import Config  # pyright: ignore[reportMissingImports] - in an environment of its own
from c7n.loader import PolicyLoader  # pyright: ignore[reportMissingImports]
from c7n.resources import load_resources  # pyright: ignore[reportMissingImports]

from tests.bench.evaluation_rows import CUSTODIANS, PASSES, rows
from tests.bench.worker import answer


def main() -> None:
    """Load the filters as a policy file would, and answer with what one pass over all resources takes."""
    load_resources(("aws.glue-job",))
    options = Config.empty(region="eu-central-1", account_id="111122223333", output_dir=tempfile.gettempdir())
    document = {"policies": [{"name": "idle", "resource": "aws.glue-job", "filters": CUSTODIANS}]}
    (policy,) = PolicyLoader(options).load_data(document, "memory")
    policy.validate()
    manager = policy.resource_manager

    def measure() -> dict[str, float]:
        seconds = 0.0
        for _ in range(PASSES):
            # Afresh each time: it notes in a resource which filters held, and a second pass is slower for it.
            resources = rows()
            gc.collect()
            started = time.process_time()
            manager.filter_resources(resources)
            seconds += time.process_time() - started
        return {"seconds": seconds / PASSES}

    answer({"ids": [one["Id"] for one in manager.filter_resources(rows())]}, measure)


main()
