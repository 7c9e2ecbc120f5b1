"""What the Glue provider makes of moto's own Glue sessions, which nobody here wrote.

Runs in `.venv-witness`, prints one JSON object, judges nothing: tests/contract/test_moto_witness.py does. moto knows no
statements, so of a READY session's use nothing can be told: that, too, is witnessed.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "lambdas")]

# Set before botocore looks: nothing of the machine's own configuration may be used.
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
os.environ.pop("AWS_ENDPOINT_URL", None)
os.environ.pop("AWS_PROFILE", None)

import boto3  # noqa: E402
from moto import mock_aws  # noqa: E402

from reaper.core.facts import Facts, Missing, Undecidable  # noqa: E402
from reaper.core.session import Phase, SessionRef  # noqa: E402
from reaper.providers.aws.clients import AwsClients  # noqa: E402
from reaper.providers.context import ProviderContext  # noqa: E402
from reaper.providers.factory import provider_factory  # noqa: E402
from reaper.sweep.ports import ProviderError  # noqa: E402

ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/data/Notebooks"
PLENTY = 1005


def plain(fact: object) -> object:
    """A fact as JSON can tell it."""
    match fact:
        case Missing():
            return fact.value
        case Undecidable():
            return {"undecidable": fact.reason}
        case Phase():
            return fact.value
        case _:
            return fact


def told(facts: Facts) -> dict[str, object]:
    """The facts a test looks at."""
    names = ("state", "phase", "idle_since", "tags", "name", "creator", "kind", "worker_type", "dpus")
    return {name: plain(getattr(facts, name)) for name in names}


def ref(name: str) -> SessionRef:
    """The session of that name."""
    return SessionRef("glue", ACCOUNT, REGION, (), name)


def outcome(action: Any) -> object:
    """What comes of it: a value, or the trouble it is in."""
    try:
        return action()
    except ProviderError as error:
        return {"trouble": error.trouble.value}


def phase_after(provider: Any, name: str) -> object:
    """The phase of the session, read afresh; None when it is gone."""
    session = provider.reread(ref(name))
    return None if session is None else plain(session.facts.phase)


def create(glue: Any, name: str, **more: Any) -> None:
    """Make a session as a user would."""
    glue.create_session(Id=name, Role=ROLE, Command={"Name": "glueetl", "PythonVersion": "3"}, **more)


def witness() -> dict[str, object]:
    """Everything seen, in one go."""
    glue = boto3.client("glue", REGION)
    for number in range(PLENTY):
        create(glue, f"s{number}")
    create(glue, "nightly", Description="ad hoc", WorkerType="G.2X", NumberOfWorkers=5, Tags={"team": "ml"})
    clients = AwsClients()
    context = ProviderContext(account=ACCOUNT, region=REGION, calls=clients.calls, aws=clients)
    provider = provider_factory("glue")(context)
    sessions = {session.ref.id: session for session in provider.discover().read()}
    counted = clients.calls.counts()
    nightly = sessions["nightly"]
    tagged = provider.observe(nightly, "tags")
    return {
        "listed": len(sessions),
        "counted": counted,
        "nightly": told(tagged),
        "created_at_is_known": isinstance(nightly.facts.created_at, float),
        "created_at_is_the_services": nightly.facts.created_at
        == glue.get_session(Id="nightly")["Session"]["CreatedOn"].timestamp(),
        "use": {name: told(provider.observe(nightly, "statements"))[name] for name in ("phase", "idle_since")},
        "reread": told(provider.reread(ref("nightly")).facts),
        "missing": provider.reread(ref("nobody")),
        "stopped": outcome(lambda: provider.stop(ref("nightly"))),
        "phase_after": phase_after(provider, "nightly"),
        "stopped_again": outcome(lambda: provider.stop(ref("nightly"))),
        "stopped_missing": outcome(lambda: provider.stop(ref("nobody"))),
    }


if __name__ == "__main__":
    with mock_aws():
        print(json.dumps(witness()))  # noqa: T201 - what it is for
