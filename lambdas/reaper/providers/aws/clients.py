"""One session for everything, one client per service and region, shared by all threads."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import threading
from enum import Enum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, EndpointConnectionError, UnknownRegionError

from reaper.providers.aws.local_failures import local_failure
from reaper.providers.aws.pace import Pace
from reaper.providers.aws.timestamps import parse_timestamp
from reaper.providers.calls import Calls

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

THREADS: Final = 16
"""As many connections as threads: more only reload the CA bundle, fewer make threads wait for each other."""

DEFAULT_CONFIG: Final = Config(
    # A sweep can wait, and three attempts, which are the default, lose scopes to throttling that ten do not. How fast they
    # are made, and that none is saved where a lot was repeated, is up to the pace of each client.
    retries={"mode": "standard", "total_max_attempts": 10},
    max_pool_connections=THREADS,
    connect_timeout=5,
    read_timeout=20,
    user_agent_extra="session-reaper",
)


class Patience(Enum):
    """How long a client goes on asking."""

    PATIENT = "patient"
    """A sweep can wait, and would rather have an answer late than none."""
    BRISK = "brisk"
    """Right before a stop, an answer that comes late is none."""
    ONCE = "once"
    """What changes something is asked a single time."""


_RETRIES: Final = {
    Patience.PATIENT: Config(),
    Patience.BRISK: Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=3),
    Patience.ONCE: Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=2),
}
_CONNECTS: Final = 3
"""After so many attempts an endpoint that cannot be connected to is given up: a misspelt region or a closed network is no
rate limit that patience would help against, and ten attempts take about a minute."""


class GarbledAnswerError(BotoCoreError):
    """An answer of success that is not of the service's protocol; botocore would take it for an empty one."""

    fmt = "the answer to {operation} is not JSON"


class AwsClients:
    """Makes each client once and hands it to every thread; counts every call that clients make, retries not.

    Takes ``session`` over for good (its timestamp parser and event handlers are set); by default one that is configured
    by the environment. ``config`` is merged over :data:`DEFAULT_CONFIG`.
    """

    def __init__(
        self, session: Session | None = None, *, calls: Calls | None = None, config: Config | None = None
    ) -> None:
        self.calls = calls or Calls()
        self._session = session or botocore.session.get_session()
        self._config = DEFAULT_CONFIG.merge(config) if config else DEFAULT_CONFIG
        self._clients: dict[tuple[str, str, Patience], BaseClient] = {}
        self._listed: frozenset[str] | None = None
        self._lock = threading.RLock()
        # botocore reads AWS_DEFAULT_REGION alone; AWS's other SDKs, its command line and its functions read this.
        if region := os.environ.get("AWS_REGION"):
            self._session.set_config_variable("region", region)
        factory = self._session.get_component("response_parser_factory")
        factory.set_parser_defaults(timestamp_parser=parse_timestamp)
        self._session.register("before-call", self._count)
        self._session.register("after-call", _refuse_garbage)
        self._session.register("needs-retry", _give_up)

    def client(self, service: str, region: str, patience: Patience = Patience.PATIENT) -> BaseClient:
        """The client of ``service`` in ``region``, as patient as that.

        Raises whatever botocore raises when it cannot make one (no such profile, no such region).
        """
        key = (service, region, patience)
        # Making a client is not thread-safe in botocore, and using one is.
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._create(service, region, patience)
            return self._clients[key]

    @property
    def default_region(self) -> str | None:
        """The region of ``AWS_REGION``, else of ``AWS_DEFAULT_REGION``, else of the profile, if there is any."""
        with self._lock:
            region: str | None = self._session.get_config_variable("region")
            return region or None

    def regions(self) -> frozenset[str]:
        """Every region botocore's data lists."""
        with self._lock:
            if self._listed is None:
                # No service's own list: its model would have to be there.
                data: Any = self._session.get_component("data_loader").load_data("endpoints")
                self._listed = frozenset(region for partition in data["partitions"] for region in partition["regions"])
            return self._listed

    def partition(self, region: str) -> str:
        """The partition ``region`` is in (``aws-cn``), for ARNs; ``aws`` for a region nobody lists."""
        with self._lock:
            try:
                return self._session.get_partition_for_region(region)
            except UnknownRegionError:
                return "aws"

    def lists(self, region: str, service: str | None = None) -> bool | None:
        """Whether botocore's data lists ``region``, for ``service`` if given; ``None`` where it lists no region for it.

        Its data lags behind AWS, so this explains failures and never forbids a call.
        """
        with self._lock:
            if service is None:
                return region in self.regions()
            offered = self._regions_of(service)
            return region in offered if offered else None

    @staticmethod
    def has_name(host: str) -> bool | None:
        """Whether the name of ``host`` can be looked up here; ``None`` where whoever should know did not answer."""
        try:
            socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            return False if error.errno == socket.EAI_NONAME else None
        except (OSError, UnicodeError):
            return None
        return True

    def _regions_of(self, service: str) -> frozenset[str]:
        session = self._session
        return frozenset(
            region
            for partition in session.get_available_partitions()
            for region in session.get_available_regions(service, partition)
        )

    def _create(self, service: str, region: str, patience: Patience) -> BaseClient:
        config = self._config.merge(_RETRIES[patience])
        client: BaseClient = self._session.create_client(service, region_name=region, config=config)
        if patience is Patience.PATIENT:
            meta: Any = client.meta
            pace = Pace(meta.config.retries["total_max_attempts"])
            meta.events.register("before-send", pace.before_send)
            meta.events.register("needs-retry", pace.needs_retry)
        if _bears_no_prefix(client.meta.endpoint_url):
            client.meta.config.inject_host_prefix = False  # type: ignore[attr-defined] - missing in the stubs
        return client

    def _count(self, model: Any, **_: object) -> None:
        self.calls.count(f"{model.service_model.service_name}:{model.name}")


def _bears_no_prefix(endpoint_url: str) -> bool:
    """Whether the host cannot be prefixed (``management.127.0.0.1``), as Deadline Cloud's client would."""
    host = urlsplit(endpoint_url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def _give_up(attempts: int, caught_exception: Exception | None = None, **_: object) -> None:
    """Raise instead of another attempt where none would help: botocore has no limit for these alone."""
    if caught_exception is not None and local_failure(caught_exception):
        raise caught_exception
    if attempts >= _CONNECTS and isinstance(caught_exception, EndpointConnectionError | ConnectTimeoutError):
        raise caught_exception


def _refuse_garbage(model: Any, parsed: dict[str, Any], http_response: Any, **_: object) -> None:
    """Raise for an answer of success that is no JSON object, which botocore reads as one without members.

    Costs nothing for answers that have a member.
    """
    if http_response.status_code >= 300 or parsed.keys() - {"ResponseMetadata"}:  # noqa: PLR2004 - HTTP
        return
    service = model.service_model
    protocol = getattr(service, "resolved_protocol", None) or service.metadata.get("protocol")
    if protocol not in {"json", "rest-json"} or model.has_streaming_output:
        return
    try:
        answer: object = json.loads(http_response.content or b"{}")
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise GarbledAnswerError(operation=f"{service.service_name}:{model.name}")
