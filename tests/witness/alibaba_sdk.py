"""What the vendor's own SDK makes of the embedded EMR Serverless Spark, and how its requests compare with ours.

Runs in `.venv-witness`, prints one JSON object, judges nothing: tests/contract/test_alibaba_sdk_witness.py does.
"""

import contextlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "lambdas")]

from alibabacloud_emr_serverless_spark20230808 import models  # noqa: E402
from alibabacloud_emr_serverless_spark20230808.client import Client  # noqa: E402
from alibabacloud_tea_openapi.utils import Utils  # noqa: E402
from alibabacloud_tea_openapi.utils_models import Config  # noqa: E402
from darabonba.request import DaraRequest  # noqa: E402
from Tea.exceptions import TeaException  # noqa: E402

from localcloud.acs3 import Request as Arrived  # noqa: E402
from localcloud.emr_serverless_spark import ACCESS_KEY_ID, ACCESS_KEY_SECRET, AlibabaServer  # noqa: E402
from localcloud.world import World  # noqa: E402
from reaper.providers.emr_serverless_spark.client import EmrServerlessSparkClient  # noqa: E402
from reaper.providers.emr_serverless_spark.signing import Credentials, Request, signed_headers  # noqa: E402

REGION, WORKSPACE = "cn-hangzhou", "w-science"
COMPARED = ("host", "accept", "content-type", "x-acs-action", "x-acs-version")


class WiretappedServer(AlibabaServer):
    """Keeps each request as it arrived."""

    def answer(self, request: Arrived) -> tuple[int, bytes, dict[str, str]]:
        """Keep the request, then answer it."""
        self.arrived.append(request)
        return super().answer(request)

    def tap(self) -> list[Arrived]:
        """Start a new list of arriving requests, and return it."""
        self.arrived: list[Arrived] = []
        return self.arrived


def shown(request: Arrived, port: str) -> dict[str, object]:
    """The parts of a request that decide what the service does with it."""
    parts = urlsplit(request.target)
    return {
        "method": request.method,
        "path": parts.path,
        "query": sorted(parse_qsl(parts.query)),
        "body": json.loads(request.body) if request.body else None,
        "headers": {name: request.headers.get(name, "").replace(port, "PORT") for name in COMPARED},
        # The hash is of the body as it was spaced, so only an empty one compares.
        "hash_of_nothing": request.headers["x-acs-content-sha256"] if not request.body else None,
        "algorithm": request.headers["authorization"].split()[0],
    }


def sdk(server: AlibabaServer, secret: str = ACCESS_KEY_SECRET) -> Client:
    """The vendor's client, pointed at the embedded cloud."""
    endpoint = urlsplit(server.url).netloc
    return Client(Config(access_key_id=ACCESS_KEY_ID, access_key_secret=secret, endpoint=endpoint, protocol="HTTP"))


def sdk_walks(client: Client) -> dict[str, object]:
    """List workspaces, list session clusters page by page, and get one, with the SDK."""
    workspaces = client.list_workspaces(models.ListWorkspacesRequest(max_results=20, region_id=REGION)).body.workspaces
    pages: list[list[str]] = []
    token = None
    while True:
        request = models.ListSessionClustersRequest(max_results=20, next_token=token, region_id=REGION)
        body = client.list_session_clusters(WORKSPACE, request).body
        pages.append([row.session_cluster_id for row in body.session_clusters])
        token = body.next_token
        if not token:
            break
    one = client.get_session_cluster(WORKSPACE, "sc-7", models.GetSessionClusterRequest(region_id=REGION)).body
    return {
        "workspaces": [
            [item.workspace_id, item.workspace_name, {tag.tag_key: tag.tag_value for tag in item.tags}]
            for item in workspaces
        ],
        "pages": pages,
        "sc-7": {
            "state": one.session_cluster.state,
            "kind": one.session_cluster.kind,
            "queue": one.session_cluster.queue_name,
            "user": one.session_cluster.user_name,
            "start_time": one.session_cluster.start_time,
            "auto_stop": one.session_cluster.auto_stop_configuration.to_map(),
            "has_connection_token": bool(one.session_cluster.connection_token),
        },
    }


def sdk_stops(client: Client, server: AlibabaServer) -> dict[str, object]:
    """Stop one session cluster with the SDK, twice."""
    request = models.StopSessionClusterRequest(session_cluster_id="sc-7", queue_name="root_queue", region_id=REGION)
    accepted = client.stop_session_cluster(WORKSPACE, request).body.session_cluster_id
    state = server.session("sc-7").state
    return {
        "accepted": accepted,
        "state": state,
        "again": refusal(lambda: client.stop_session_cluster(WORKSPACE, request)),
    }


def refusal(call) -> object:
    """Code and HTTP status of the error that the SDK makes of an answer."""
    try:
        call()
    except TeaException as error:
        return [error.code, error.statusCode]
    except Exception as error:  # noqa: BLE001 - newer generations of the SDK raise their own classes
        return [getattr(error, "code", repr(error)), getattr(error, "status_code", None)]
    return "no error"


def ours(server: AlibabaServer) -> None:
    """The same calls with our client: list workspaces, all pages of sessions, get, stop."""
    credentials = Credentials(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    client = EmrServerlessSparkClient.connect(REGION, credentials, endpoint_url=server.url)
    list(client.list_workspaces())
    list(client.list_session_clusters(WORKSPACE))
    client.get_session_cluster(WORKSPACE, "sc-7")
    client.stop_session_cluster(WORKSPACE, "sc-8", "root_queue")


def signatures() -> dict[str, str]:
    """One request signed by our signer and by the SDK's, with everything that varies held fast."""
    request = Request(
        method="POST",
        host="emr-serverless-spark.cn-hangzhou.aliyuncs.com",
        path="/api/v1/workspaces/w-1%2F%C3%BC/sessionClusters/action/stopSessionCluster",
        action="StopSessionCluster",
        version="2023-08-08",
        query={"regionId": "cn-hangzhou", "b": "a b*c~d/é"},
        body=b'{"queueName":"root_queue","sessionClusterId":"sc-1"}',
        content_type="application/json; charset=utf-8",
    )
    credentials = Credentials("STS.key", "secret", "token")
    headers = signed_headers(request, credentials, date=datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC), nonce="fixed-nonce")
    mine = headers.pop("Authorization")
    theirs = DaraRequest()
    theirs.method, theirs.pathname, theirs.query, theirs.headers = (
        request.method,
        request.path,
        dict(request.query),
        headers,
    )
    payload = headers["x-acs-content-sha256"]
    vendor = Utils.get_authorization(theirs, "ACS3-HMAC-SHA256", payload, credentials.access_key_id, "secret")
    return {"ours": mine, "theirs": vendor}


def main() -> None:
    """Print what was seen."""
    world = World()
    sessions = [{"id": f"sc-{number}", "kind": "SQL", "user": "ada", "queue": "root_queue"} for number in range(45)]
    sessions[7] |= {"started": "2026-03-01T10:00:00Z", "auto_stop": {"enable": True, "minutes": 45}}
    workspace = {"id": WORKSPACE, "name": "science", "tags": {"team": "ml"}, "sessions": sessions}
    world.seed({"alibaba": {"regions": {REGION: {"workspaces": [workspace]}}}})
    with WiretappedServer(world) as server, contextlib.redirect_stdout(sys.stderr):
        port = server.url.rsplit(":", 1)[1]
        their_requests = server.tap()
        walked = sdk_walks(sdk(server))
        stop = models.StopSessionClusterRequest(session_cluster_id="sc-8", queue_name="root_queue", region_id=REGION)
        sdk(server).stop_session_cluster(WORKSPACE, stop)
        server.session("sc-8").state = "Running"
        our_requests = server.tap()
        ours(server)
        compared = [
            {"ours": shown(mine, port), "theirs": shown(theirs, port)}
            for mine, theirs in zip(our_requests, their_requests, strict=True)
        ]
        server.tap()
        result = {
            "walked": walked,
            "stopped": sdk_stops(sdk(server), server),
            "wrong_secret": refusal(
                lambda: sdk(server, "wrong").list_workspaces(models.ListWorkspacesRequest(region_id=REGION))
            ),
            "compared": compared,
            "signatures": signatures(),
        }
    print(json.dumps(result))  # noqa: T201 - the whole output of this program


if __name__ == "__main__":
    main()
