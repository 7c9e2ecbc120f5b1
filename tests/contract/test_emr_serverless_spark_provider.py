"""The provider: what it makes of the service's words, what it leaves open, and how it stops."""

from datetime import UTC, datetime

import pytest

from localcloud.emr_serverless_spark import ACCESS_KEY_ID, ACCESS_KEY_SECRET, AlibabaServer
from localcloud.world import World
from reaper.catalog.services import specs
from reaper.core.facts import ABSENT, NOT_ASKED, Undecidable
from reaper.core.session import Phase, SessionRef
from reaper.providers.context import ProviderContext
from reaper.providers.emr_serverless_spark.spec import RAM_READ, RAM_STOP
from reaper.providers.factory import provider_factory
from reaper.sweep.ports import Listing, ProviderError, StopResult, Trouble
from tests.support.emr_serverless_spark import ACCOUNT, REGION, Quick

SERVICE = "emr-serverless-spark"
NO_ACTIVITY = "EMR Serverless Spark reports no last activity for a session cluster"


@pytest.fixture(scope="module")
def running():
    with AlibabaServer(World()) as server:
        yield server


@pytest.fixture
def server(running):
    running.world.clock.freeze("2026-03-01T12:00:00Z")
    running.faults.clear()
    running.record.clear()
    seed(running, {"id": "sc-1"})
    return running


@pytest.fixture
def quick(server):
    return Quick(server.url)


def seed(server, *sessions, tags=None):
    workspaces = [{"id": "w-1", "name": "science", "tags": tags or {}, "sessions": list(sessions)}]
    server.world.seed({"alibaba": {"regions": {REGION: {"workspaces": workspaces}}}})


def ref(session="sc-1", workspace="w-1"):
    return SessionRef(SERVICE, ACCOUNT, REGION, (("workspace", workspace),), session)


def found(provider):
    """All sessions, and the error each scope failed with."""
    sessions, blind, open_listings = [], {}, [provider.discover()]
    while open_listings:
        listing = open_listings.pop()
        try:
            for item in listing.read():
                (open_listings if isinstance(item, Listing) else sessions).append(item)
        except ProviderError as error:
            blind[listing.scope] = error.trouble
    return sessions, blind


def facts(server, quick, **session):
    seed(server, {"id": "sc-1", **session})
    ((only,), _) = found(quick.provider())
    return only.facts


def test_says_of_a_session_all_that_the_lists_tell(server, quick):
    session = {"id": "sc-1", "name": "ad hoc", "kind": "SQL", "user": "ada", "started": "-9h", "created": "-30d"}
    seed(server, session | {"auto_stop": {"enable": True, "minutes": 45}}, tags={"env": "prod"})

    ((only,), blind) = found(quick.provider())

    assert only.ref == ref()
    assert blind == {}
    assert only.facts.state == "Running"
    assert only.facts.created_at == datetime(2026, 3, 1, 3, tzinfo=UTC).timestamp()
    assert only.facts.idle_timeout == 2700
    assert only.facts.tags == {"env": "prod"}
    assert (only.facts.name, only.facts.kind, only.facts.creator) == ("ad hoc", "SQL", "ada")
    assert only.facts.not_asked() == frozenset()
    assert quick.calls.counts() == {f"{SERVICE}:ListSessionClusters": 1, f"{SERVICE}:ListWorkspaces": 1}


def test_has_no_price_and_no_size_because_settings_are_no_usage(server, quick):
    told = facts(server, quick)

    assert (told.billed_units, told.price_key, told.dpus, told.worker_type) == (ABSENT, None, ABSENT, ABSENT)


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("Starting", Phase.STARTING),
        ("Running", Undecidable(NO_ACTIVITY)),
        ("Stopping", Phase.STOPPING),
        ("Stopped", Phase.ENDED),
        ("Error", Phase.ENDED),
        ("Hibernating", Undecidable("unknown EMR Serverless Spark session state 'Hibernating'")),
        ("running", Undecidable("unknown EMR Serverless Spark session state 'running'")),
        (None, Undecidable("EMR Serverless Spark gave no state for the session cluster")),
    ],
)
def test_maps_every_documented_state_and_no_other(server, quick, state, phase):
    told = facts(server, quick, state=state)

    assert (told.state, told.phase) == (state or "", phase)


@pytest.mark.parametrize("state", ["Starting", "Running", "Hibernating"])
def test_never_says_how_long_a_session_was_idle(server, quick, state):
    assert facts(server, quick, state=state).idle_since == Undecidable(NO_ACTIVITY)


@pytest.mark.parametrize(
    ("auto_stop", "idle_timeout"),
    [
        ({"enable": True, "minutes": 45}, 2700),
        ({"enable": False, "minutes": 45}, ABSENT),
        ({"enable": False}, ABSENT),
        (
            {"enable": True},
            Undecidable("auto-stop is switched on, but EMR Serverless Spark gave no idle timeout"),
        ),
        (None, Undecidable("EMR Serverless Spark gave no auto-stop configuration")),
    ],
)
def test_takes_the_auto_stop_configuration_for_the_idle_timeout(server, quick, auto_stop, idle_timeout):
    assert facts(server, quick, auto_stop=auto_stop).idle_timeout == idle_timeout


def test_counts_age_from_the_creation_where_there_is_no_start(server, quick):
    assert facts(server, quick, started=None, created="2026-02-01T00:00:00Z").created_at == 1769904000
    assert facts(server, quick, started=None, created=None).created_at == Undecidable(
        "EMR Serverless Spark gave neither a start nor a creation time"
    )


def test_tolerates_members_nobody_documented_and_names_that_are_missing(server, quick):
    told = facts(server, quick, extra={"novelty": {"a": [1]}, "name": None, "userName": 7, "kind": ""})

    assert (told.name, told.creator, told.kind) == (ABSENT, ABSENT, ABSENT)


def test_one_denied_workspace_blinds_no_other(server, quick):
    workspaces = [{"id": f"w-{number}", "sessions": [{"id": f"sc-{number}"}]} for number in range(3)]
    server.world.seed({"alibaba": {"regions": {REGION: {"workspaces": workspaces}}}})
    server.faults.add("denied", operation="ListSessionClusters", match={"workspaceId": "w-1"})

    sessions, blind = found(quick.provider())

    assert {session.ref.id for session in sessions} == {"sc-0", "sc-2"}
    assert blind == {(("workspace", "w-1"),): Trouble.DENIED}


def test_a_list_that_breaks_off_is_blind_and_keeps_what_was_read(server, quick):
    seed(server, *({"id": f"sc-{number}"} for number in range(25)))
    server.faults.add("denied", operation="ListSessionClusters", skip=1)

    sessions, blind = found(quick.provider())

    assert len(sessions) == 20
    assert blind == {(("workspace", "w-1"),): Trouble.DENIED}


def test_a_session_without_an_id_makes_its_workspace_blind(server, quick):
    seed(server, {"id": "sc-1"}, {"id": "sc-2", "extra": {"sessionClusterId": None}})

    sessions, blind = found(quick.provider())

    assert [session.ref.id for session in sessions] == ["sc-1"]
    assert blind == {(("workspace", "w-1"),): Trouble.GARBLED}


def test_workspaces_that_cannot_be_listed_make_the_region_blind(server, quick):
    server.faults.add("throttled", operation="ListWorkspaces")

    assert found(quick.provider()) == ([], {(): Trouble.THROTTLED})


def test_reads_a_session_afresh_and_leaves_its_tags_to_be_asked(server, quick):
    provider = quick.provider()
    found(provider)
    server.session("sc-1").state = "Stopping"

    fresh = provider.reread(ref())

    assert fresh is not None
    assert (fresh.ref, fresh.facts.phase, fresh.facts.tags) == (ref(), Phase.STOPPING, NOT_ASKED)
    assert provider.source_of(fresh.facts.not_asked()) == "workspace"


def test_reads_tags_afresh_because_a_workspace_may_be_protected_meanwhile(server, quick):
    provider = quick.provider()
    found(provider)
    fresh = provider.reread(ref())
    seed(server, {"id": "sc-1"}, tags={"session-reaper/keep-until": "2030-01-01"})

    assert provider.observe(fresh, "workspace").tags == {"session-reaper/keep-until": "2030-01-01"}


def test_tags_that_cannot_be_read_are_undecidable(server, quick):
    provider = quick.provider()
    fresh = provider.reread(ref())
    server.faults.add("denied", operation="ListWorkspaces")

    denied = provider.observe(fresh, "workspace").tags

    assert isinstance(denied, Undecidable)
    assert "emr-serverless-spark:ListWorkspaces failed (Forbidden.RAM, HTTP 403)" in denied.reason

    server.faults.clear()
    server.world.seed({})
    assert provider.observe(fresh, "workspace").tags == Undecidable("workspace w-1 is no longer listed")


def test_has_no_source_for_what_nobody_can_tell(quick):
    assert quick.provider().source_of(frozenset({"idle_since", "phase", "dpus"})) is None


def test_a_session_that_is_not_there_is_gone_and_one_that_cannot_be_read_is_not(server, quick):
    assert quick.provider().reread(ref("sc-9")) is None

    server.faults.add("denied", operation="GetSessionCluster")
    with pytest.raises(ProviderError) as caught:
        quick.provider().reread(ref())
    assert caught.value.trouble is Trouble.DENIED


def test_stops_with_the_queue_it_saw_at_the_recheck(server, quick):
    seed(server, {"id": "sc-1", "queue": "dev_queue"})
    provider = quick.provider()
    provider.reread(ref())

    assert provider.stop(ref()) is StopResult.ACCEPTED
    (call,) = server.record.list(operation="StopSessionCluster")
    assert call.parameters == {
        "regionId": REGION,
        "workspaceId": "w-1",
        "sessionClusterId": "sc-1",
        "queueName": "dev_queue",
    }
    assert server.session("sc-1").state == "Stopping"


def test_stops_without_a_queue_where_the_service_named_none(server, quick):
    seed(server, {"id": "sc-1", "queue": None})
    provider = quick.provider()
    provider.reread(ref())

    assert provider.stop(ref()) is StopResult.ACCEPTED


@pytest.mark.parametrize("state", ["Stopping", "Stopped", "Error"])
def test_a_session_that_ended_before_the_stop_is_already_gone(server, quick, state):
    seed(server, {"id": "sc-1", "state": state})

    assert quick.provider().stop(ref()) is StopResult.ALREADY_GONE
    assert quick.provider().stop(ref("sc-9")) is StopResult.ALREADY_GONE


def test_a_stop_whose_answer_was_lost_is_settled_by_reading_again(server, quick):
    server.session("sc-1").state = "Stopping"
    server.faults.add("timeout", operation="StopSessionCluster")

    assert quick.provider().stop(ref()) is StopResult.ALREADY_GONE


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ({"kind": "denied"}, Trouble.DENIED),
        ({"kind": "throttled"}, Trouble.THROTTLED),
        ({"kind": "server_error"}, Trouble.SERVER),
        ({"kind": "timeout"}, Trouble.UNREACHABLE),
        ({"kind": "error", "code": "Conflict", "status": 409}, Trouble.REFUSED),
    ],
)
def test_the_error_of_a_stop_stands_while_the_session_is_up(server, quick, fault, trouble):
    server.faults.add(operation="StopSessionCluster", **fault)

    with pytest.raises(ProviderError) as caught:
        quick.provider().stop(ref())

    assert caught.value.trouble is trouble
    assert server.session("sc-1").state == "Running"


def test_the_error_of_a_stop_stands_when_the_session_cannot_be_read_again(server, quick):
    server.faults.add("server_error", operation="StopSessionCluster")
    server.faults.add("denied", operation="GetSessionCluster")

    with pytest.raises(ProviderError) as caught:
        quick.provider().stop(ref())

    assert caught.value.trouble is Trouble.SERVER


def test_declares_exactly_the_ram_actions_it_uses(server, quick):
    provider = quick.provider()
    ((session,), _) = found(provider)
    provider.observe(session, "workspace")
    assert set(server.record.counts()) == set(RAM_READ)

    provider.reread(ref())
    provider.stop(ref())
    assert set(server.record.counts()) == {*RAM_READ, *RAM_STOP}


def test_needs_no_permission_in_aws():
    spec = specs()[SERVICE]

    assert (spec.read, spec.stop) == ((), ())


def keys(key_id: str, secret: str, endpoint: str = "") -> dict[str, str]:
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": secret,
        "ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK": endpoint,
    }


def test_is_made_from_a_context_and_counts_its_calls_there(server):
    env = keys(ACCESS_KEY_ID, ACCESS_KEY_SECRET, endpoint=server.url)
    context = ProviderContext(account="unknown", region=REGION, env=env)
    assert ACCESS_KEY_SECRET not in repr(context)

    provider = provider_factory(SERVICE)(context)
    ((session,), _) = found(provider)

    assert session.ref.account == "unknown"
    assert str(provider.key) == "emr-serverless-spark unknown cn-hangzhou"
    assert context.calls.counts() == {f"{SERVICE}:ListSessionClusters": 1, f"{SERVICE}:ListWorkspaces": 1}


@pytest.mark.parametrize(
    ("env", "region", "says"),
    [
        ({}, REGION, "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
        (keys("k", "s"), "nowhere!", "'nowhere!' is not an Alibaba"),
        (
            keys("k", "s", endpoint="host"),
            REGION,
            "'host' is not an endpoint",
        ),
    ],
)
def test_says_what_is_missing_before_anything_is_sent(env, region, says):
    with pytest.raises(ProviderError, match=says):
        provider_factory(SERVICE)(ProviderContext(account="unknown", region=region, env=env))
