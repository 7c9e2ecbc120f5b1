"""The client on the wire: what it repeats, what it never repeats, and what it refuses to take for an answer."""

import pytest

from localcloud.emr_serverless_spark import ACCESS_KEY_ID, ACCESS_KEY_SECRET, AlibabaServer
from localcloud.emr_state import CONNECTION_TOKEN
from localcloud.world import World
from reaper.providers.emr_serverless_spark.client import LIST_SESSION_CLUSTERS, EmrServerlessSparkClient
from reaper.providers.emr_serverless_spark.errors import EmrServerlessSparkError, trouble_of
from reaper.providers.emr_serverless_spark.signing import Credentials
from reaper.providers.emr_serverless_spark.transport import Patience, Transport, endpoint_for
from reaper.sweep.ports import Trouble
from tests.support.emr_serverless_spark import Quick

W, LIST, STOP = "w-1", "ListSessionClusters", "StopSessionCluster"


@pytest.fixture(scope="module")
def running():
    with AlibabaServer(
        World(), tokens={"STS.t": "token"}, keys={ACCESS_KEY_ID: ACCESS_KEY_SECRET, "STS.t": "s"}
    ) as server:
        yield server


@pytest.fixture
def server(running):
    sessions = [{"id": f"sc-{number}"} for number in range(45)]
    running.world.seed({"alibaba": {"regions": {"cn-hangzhou": {"workspaces": [{"id": W, "sessions": sessions}]}}}})
    running.faults.clear()
    running.record.clear()
    return running


@pytest.fixture
def quick(server):
    return Quick(server.url)


def ids(client):
    return [row.id for page in client.list_session_clusters(W) for row in page.rows]


def failure(call, *arguments):
    with pytest.raises(EmrServerlessSparkError) as caught:
        call(*arguments)
    return caught.value


def attempts(server, operation):
    return len(server.record.list(operation=operation))


def test_reads_every_page(quick):
    assert ids(quick.client()) == [f"sc-{number}" for number in range(45)]
    assert quick.calls.counts() == {"emr-serverless-spark:ListSessionClusters": 3}


def test_waits_as_long_as_the_service_asks(server, quick):
    server.faults.add("throttled", operation=LIST, times=2, retry_after=2)

    assert len(ids(quick.client())) == 45
    assert quick.slept == [2.0, 2.0]
    assert attempts(server, LIST) == 5
    assert quick.calls.counts() == {"emr-serverless-spark:ListSessionClusters": 3}


@pytest.mark.parametrize(("jitter", "waits"), [(0.0, [0.1, 0.2, 0.4]), (1.0, [0.2, 0.4, 0.8])])
def test_backs_off_longer_each_time_and_gives_up_after_four_attempts(server, jitter, waits):
    server.faults.add("throttled", operation=LIST)
    quick = Quick(server.url, jitter=jitter)

    error = failure(ids, quick.client())

    assert (error.trouble, error.code, error.status) == (Trouble.THROTTLED, "Throttling.User", 429)
    assert quick.slept == pytest.approx(waits)
    assert attempts(server, LIST) == 4


def test_does_not_wait_longer_than_its_patience(server, quick):
    server.faults.add("throttled", operation=LIST, retry_after=60)

    assert failure(ids, quick.client()).is_throttled
    assert (quick.slept, attempts(server, LIST)) == ([], 1)


@pytest.mark.parametrize("kind", ["server_error", "garbage", "timeout"])
def test_repeats_a_read_after_what_may_pass(server, quick, kind):
    server.faults.add(kind, operation=LIST, times=3)

    assert len(ids(quick.client())) == 45
    assert len(quick.slept) == 3


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [
        ("server_error", Trouble.SERVER),
        ("garbage", Trouble.GARBLED),
        ("timeout", Trouble.UNREACHABLE),
    ],
)
def test_gives_up_a_read_after_four_attempts(server, quick, kind, trouble):
    server.faults.add(kind, operation=LIST)

    assert failure(ids, quick.client()).trouble is trouble
    assert attempts(server, LIST) == 4


@pytest.mark.parametrize(
    ("kind", "trouble", "says"),
    [
        ("denied", Trouble.DENIED, "grant the RAM action emr-serverless-spark:ListSessionClusters"),
        ("expired_credentials", Trouble.CREDENTIALS, "ALIBABA_CLOUD_SECURITY_TOKEN"),
        ("invalid_credentials", Trouble.CREDENTIALS, "ALIBABA_CLOUD_ACCESS_KEY_ID"),
    ],
)
def test_does_not_repeat_what_will_not_pass_and_says_what_to_do(server, quick, kind, trouble, says):
    server.faults.add(kind, operation=LIST)

    error = failure(ids, quick.client())

    assert error.trouble is trouble
    assert says in str(error)
    assert attempts(server, LIST) == 1


@pytest.mark.parametrize("kind", ["server_error", "garbage", "timeout", "denied", "throttled"])
def test_sends_a_stop_once_whatever_becomes_of_it(server, quick, kind):
    server.faults.add(kind, operation=STOP)

    failure(quick.client().stop_session_cluster, W, "sc-1", None)

    assert attempts(server, STOP) == 1
    assert quick.slept == []


def test_right_before_a_stop_a_read_gives_up_after_two_attempts(server, quick):
    server.faults.add("throttled", operation=LIST)

    assert failure(ids, quick.client().brisk()).is_throttled
    assert attempts(server, LIST) == 2


def test_tells_an_endpoint_that_is_not_there_apart():
    with AlibabaServer() as gone:
        quick = Quick(gone.url)

    error = failure(quick.client().stop_session_cluster, W, "sc-1", None)

    assert (error.trouble, error.status) == (Trouble.UNREACHABLE, None)
    assert f"could not connect to {quick.url}" in str(error)
    assert quick.slept == []


def test_gives_up_on_an_answer_that_does_not_come(server):
    server.faults.add("slow", operation=LIST, seconds=0.3)
    quick = Quick(server.url, patience=Patience(attempts=4, connect=5, read=0.02, wait=20))

    assert failure(ids, quick.client()).trouble is Trouble.UNREACHABLE
    assert len(quick.slept) == 3


def test_stops_reading_a_list_that_repeats_its_token_and_keeps_what_it_read(server, quick):
    server.faults.add("repeat_token", operation=LIST)
    pages = quick.client().list_session_clusters(W)

    assert len(next(pages).rows) == 20
    assert len(next(pages).rows) == 20
    assert failure(next, pages).code == "RepeatedPageToken"


def test_reads_on_after_an_empty_page_with_a_token(server, quick):
    server.faults.add("empty_page_with_token", operation=LIST, times=1)

    assert len(ids(quick.client())) == 45


def test_takes_an_absent_list_for_an_empty_one(server, quick):
    server.faults.add("absent_list", operation=LIST)

    assert ids(quick.client()) == []


def test_an_error_reported_with_http_200_is_not_an_empty_list(server, quick):
    server.faults.add("error", operation=LIST, code="Workspace.Locked", status=200, message="try later")

    assert failure(ids, quick.client()).code == "Workspace.Locked"


def test_keeps_no_connection_token_and_nothing_that_may_hold_one(quick):
    client = quick.client()
    raw = quick.transport().call(
        LIST_SESSION_CLUSTERS, f"/api/v1/workspaces/{W}/sessionClusters", {"regionId": "cn-hangzhou"}
    )

    assert "connectionToken" not in repr(raw)
    assert CONNECTION_TOKEN not in repr(list(client.list_session_clusters(W)))
    assert CONNECTION_TOKEN not in repr(client.get_session_cluster(W, "sc-1"))


def test_ids_that_need_encoding_reach_the_service_as_they_are(server, quick):
    workspace = {"id": "w/ü 1", "sessions": [{"id": "sc?1"}]}
    server.world.seed({"alibaba": {"regions": {"cn-hangzhou": {"workspaces": [workspace]}}}})

    assert quick.client().get_session_cluster("w/ü 1", "sc?1").id == "sc?1"


def test_uses_temporary_credentials(server):
    assert len(ids(Quick(server.url, Credentials("STS.t", "s", "token")).client())) == 45
    assert failure(ids, Quick(server.url, Credentials("STS.t", "s", "old")).client()).trouble is Trouble.CREDENTIALS


class Answers(Transport):
    """Answers calls from a list: what no well-behaved fake would say."""

    def __init__(self, *bodies):
        self.bodies = list(bodies)

    def call(self, *_arguments, **_options):
        return self.bodies.pop(0)

    def client(self):
        return EmrServerlessSparkClient(self, "cn-hangzhou")


def test_counts_rows_without_an_id_instead_of_hiding_them():
    rows = [{"sessionClusterId": "sc-1"}, {"name": "nameless"}, None, "text"]

    (page,) = Answers({"sessionClusters": rows}).client().list_session_clusters(W)

    assert ([row.id for row in page.rows], page.unreadable) == (["sc-1"], 3)


def test_notices_a_list_shorter_than_the_service_counts():
    pages = Answers({"totalCount": 2, "sessionClusters": [{"sessionClusterId": "sc-1"}]}).client()

    assert failure(ids, pages).code == "IncompleteList"


def test_takes_a_page_token_that_is_a_number_and_refuses_one_that_is_neither():
    assert ids(Answers({"nextToken": 1}, {}).client()) == []
    assert failure(ids, Answers({"nextToken": ["1"]}).client()).trouble is Trouble.GARBLED


def test_refuses_a_description_of_another_session():
    client = Answers({"sessionCluster": {"sessionClusterId": "sc-2", "state": "Stopped"}}).client()

    assert failure(client.get_session_cluster, W, "sc-1").trouble is Trouble.GARBLED


@pytest.mark.parametrize(
    ("status", "code", "trouble"),
    [
        (404, "SessionCluster.NotFound", Trouble.MISSING),
        (400, "InvalidWorkspace.NotExist", Trouble.MISSING),
        (404, None, Trouble.REFUSED),  # a proxy's, so it proves nothing
        (404, "NotFound", Trouble.REFUSED),  # as likely
        (404, "InvalidRegionId.NotFound", Trouble.REFUSED),
        (404, "InvalidAction.NotFound", Trouble.REFUSED),
        (404, "InvalidAccessKeyId.NotFound", Trouble.CREDENTIALS),
        (400, "SignatureDoesNotMatch", Trouble.CREDENTIALS),
        (403, "Forbidden.RAM", Trouble.DENIED),
        (400, "NoPermission", Trouble.DENIED),
        (403, None, Trouble.DENIED),
        (400, "Throttling.Api", Trouble.THROTTLED),
        (503, "Throttling", Trouble.THROTTLED),
        (429, None, Trouble.THROTTLED),
        (500, "InternalError", Trouble.SERVER),
        (502, None, Trouble.SERVER),
        (400, "InvalidParameter", Trouble.REFUSED),
    ],
)
def test_sorts_errors_by_code_before_status(status, code, trouble):
    assert trouble_of(status, code) is trouble


def test_finds_the_public_endpoint_of_a_region_or_the_one_given():
    assert endpoint_for("ap-southeast-1").url == "https://emr-serverless-spark.ap-southeast-1.aliyuncs.com"
    assert endpoint_for("cn-hangzhou", "http://127.0.0.1:8080/").url == "http://127.0.0.1:8080"


@pytest.mark.parametrize("region", ["", "cn hangzhou", "evil.example/", "CN-HANGZHOU", "-cn"])
def test_refuses_a_region_that_would_make_another_host(region):
    with pytest.raises(ValueError, match="not an Alibaba Cloud region id"):
        endpoint_for(region)


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://host", "http://", "http://host/path", "http://u:p@host", ""])
def test_refuses_an_endpoint_that_is_no_plain_url(url):
    with pytest.raises(ValueError, match="is not an endpoint"):
        endpoint_for("cn-hangzhou", url)
