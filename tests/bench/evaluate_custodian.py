"""Cloud Custodian's side of the evaluation. Runs in its own environment, without the product."""

from __future__ import annotations

import tempfile
import time
from typing import Any

from c7n.config import Config  # pyright: ignore[reportMissingImports] - in an environment of its own
from c7n.loader import PolicyLoader  # pyright: ignore[reportMissingImports]
from c7n.resources import load_resources  # pyright: ignore[reportMissingImports]

from tests.bench.evaluation_rows import CUSTODIANS, rows
from tests.bench.worker import answer


def main() -> None:
    """Load the filters as a policy file would, and answer with what one pass over all resources takes."""
    load_resources(("aws.glue-job",))
    options = Config.empty(region="eu-central-1", account_id="111122223333", output_dir=tempfile.gettempdir())
    document = {"policies": [{"name": "idle", "resource": "aws.glue-job", "filters": CUSTODIANS}]}
    (policy,) = PolicyLoader(options).load_data(document, "memory")
    policy.validate()
    manager, resources = policy.resource_manager, rows()

    def measure() -> dict[str, Any]:
        started = time.process_time()
        matching = manager.filter_resources(resources)
        return {"seconds": time.process_time() - started, "ids": [one["Id"] for one in matching]}

    answer({"ids": measure()["ids"]}, lambda: {"seconds": measure()["seconds"]})


main()
