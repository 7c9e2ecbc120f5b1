"""What a sweep relies on, held against every provider on its embedded service."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields

import pytest

from localcloud.emr_state import CONNECTION_TOKEN
from localcloud.state import USER_CODE, USER_OUTPUT
from reaper.catalog.services import specs
from reaper.core.facts import IN_USE, NOT_ASKED, Facts, Undecidable
from reaper.core.session import Phase
from reaper.sweep.ports import ProviderError, StopResult, Trouble
from tests.support.services import DEADLINE, EMR, GLUE, NOW_SECONDS, SERVICES, Cloud, Service, observed, walk

HOURS = 3600.0


def only_trouble(errors) -> Trouble:
    ((_, error),) = errors.items()
    return error.trouble


def where(holds: Callable[[Service], object]) -> pytest.MarkDecorator:
    """Runs a test on the services that ``holds`` is true of."""
    return pytest.mark.parametrize(
        "service", [*filter(holds, SERVICES)], indirect=True, ids=lambda service: service.name
    )


ON_AWS = where(lambda service: service is not EMR)
KNOWING_IDLE = where(lambda service: service.knows_idle)


# Listing


def test_makes_no_call_before_a_listing_is_read(cloud: Cloud):
    cloud.seed(cloud.service.row("a", "idle"))

    cloud.provider().discover()

    assert len(cloud.record) == 0


def test_reads_every_page(cloud: Cloud):
    names = [f"s{number}" for number in range(2 * cloud.service.page + 1)]
    cloud.seed(*(cloud.service.row(name, "idle") for name in names))

    sessions, errors = walk(cloud.provider())

    assert errors == {}
    assert sorted(session.ref.id for session in sessions) == sorted(cloud.service.full_id(name) for name in names)


def test_an_empty_place_is_empty_and_not_blind(cloud: Cloud):
    cloud.seed()

    assert walk(cloud.provider()) == ([], {})


def test_goes_on_through_an_empty_page_with_a_token(cloud: Cloud):
    cloud.seed(cloud.service.row("a", "idle"))
    cloud.faults.add("empty_page_with_token", cloud.service.name, cloud.service.lists, times=1)

    sessions, errors = walk(cloud.provider())

    assert [session.ref for session in sessions] == [cloud.ref("a")]
    assert errors == {}


def test_a_repeated_token_ends_the_list_as_garbled_and_keeps_what_was_read(cloud: Cloud):
    cloud.seed(cloud.service.row("a", "idle"))
    cloud.faults.add("repeat_token", cloud.service.name, cloud.service.lists)

    sessions, errors = walk(cloud.provider())

    assert {session.ref for session in sessions} == {cloud.ref("a")}
    assert only_trouble(errors) is Trouble.GARBLED
    assert cloud.sent(cloud.service.lists) <= 3


# The vendor leaves empty lists out, so there an absent one is empty.
@ON_AWS
def test_a_list_left_out_of_the_answer_is_garbled_and_not_empty(cloud: Cloud):
    cloud.seed(cloud.service.row("a", "idle"))
    cloud.faults.add("absent_list", cloud.service.name, cloud.service.lists)

    sessions, errors = walk(cloud.provider())

    assert sessions == []
    assert only_trouble(errors) is Trouble.GARBLED


def test_a_second_page_that_fails_keeps_the_first(cloud: Cloud):
    page = cloud.service.page
    cloud.seed(*(cloud.service.row(f"s{number}", "idle") for number in range(page + 1)))
    cloud.faults.add("denied", cloud.service.name, cloud.service.lists, skip=1)

    sessions, errors = walk(cloud.provider())

    assert len(sessions) == page
    assert only_trouble(errors) is Trouble.DENIED


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ("denied", Trouble.DENIED),
        ("throttled", Trouble.THROTTLED),
        ("server_error", Trouble.SERVER),
        ("garbage", Trouble.GARBLED),
        ("timeout", Trouble.UNREACHABLE),
        ("expired_credentials", Trouble.CREDENTIALS),
        ("invalid_credentials", Trouble.CREDENTIALS),
    ],
)
def test_says_in_one_sentence_what_went_wrong_with_a_list(cloud: Cloud, fault: str, trouble: Trouble):
    cloud.seed(cloud.service.row("a", "idle"))
    cloud.faults.add(fault, cloud.service.name, cloud.service.lists)  # type: ignore[arg-type]

    sessions, errors = walk(cloud.provider())

    ((_, error),) = errors.items()
    assert sessions == []
    assert error.trouble is trouble
    assert cloud.service.lists in str(error)
    assert "\n" not in str(error)


@where(lambda service: service.parent)
def test_a_parent_that_is_denied_is_blind_alone(cloud: Cloud):
    parent = cloud.service.parent
    cloud.seed(cloud.service.row("a", "idle"), beside=True)
    cloud.faults.add("denied", cloud.service.name, cloud.service.lists, match=parent)

    sessions, errors = walk(cloud.provider())

    assert [session.ref.id for session in sessions] == [cloud.service.full_id("in-other")]
    ((scope, error),) = errors.items()
    assert scope == cloud.service.scope[: len(scope)] != ()
    assert error.trouble is Trouble.DENIED


def test_a_throttled_list_is_asked_again(cloud: Cloud, mocker):
    mocker.patch("botocore.endpoint.time.sleep")
    cloud.seed(cloud.service.row("a", "idle"))
    cloud.faults.add("throttled", cloud.service.name, cloud.service.lists, times=2)

    sessions, errors = walk(cloud.provider(attempts=3))

    assert len(sessions) == 1
    assert errors == {}


# Facts


def test_an_unknown_state_is_undecidable_and_named(cloud: Cloud):
    _, session = cloud.only("a", "strange")

    word = cloud.service.states["strange"]
    assert session.facts.state == word
    assert isinstance(session.facts.phase, Undecidable)
    assert word in session.facts.phase.reason
    assert isinstance(session.facts.idle_since, Undecidable)


def test_a_fact_that_was_told_undecidable_stays_so_and_costs_no_call(cloud: Cloud):
    provider, session = cloud.only("a", "strange")
    cloud.record.clear()

    seen = observed(provider, session)

    assert seen.facts.phase == session.facts.phase
    assert cloud.service.uses is None or cloud.sent(cloud.service.uses) == 0


def test_an_ended_session_is_ended_whichever_call_tells(cloud: Cloud):
    cloud.seed(cloud.service.row("a", "ended"))

    sessions, _ = walk(cloud.provider())
    reread = cloud.provider().reread(cloud.ref("a"))

    assert reread is not None
    assert {session.facts.phase for session in [*sessions, reread]} == {Phase.ENDED}


@KNOWING_IDLE
def test_an_idle_session_is_idle_since_its_last_use(cloud: Cloud):
    provider, session = cloud.only("a", "idle")

    facts = observed(provider, session).facts

    assert facts.phase is Phase.IDLE
    assert facts.idle_since == NOW_SECONDS - 7 * HOURS
    assert facts.created_at == NOW_SECONDS - 9 * HOURS


@KNOWING_IDLE
def test_a_session_in_use_is_busy(cloud: Cloud):
    provider, session = cloud.only("a", "busy")

    facts = observed(provider, session).facts

    assert facts.phase is Phase.BUSY
    assert facts.idle_since == IN_USE


def test_every_fact_can_be_had(cloud: Cloud):
    provider, session = cloud.only("a", "idle")

    assert observed(provider, session).facts.not_asked() == frozenset()


def test_a_member_nobody_documented_is_tolerated(cloud: Cloud):
    extra = {"extra": {"Surprise": {"deep": [1]}, "anotherSurprise": "x"}}
    _, plain = cloud.only("a", "idle")
    _, surprising = cloud.only("a", "idle", **extra)

    assert surprising == plain


@where(lambda service: service.uses)
@pytest.mark.parametrize(
    "fault", ["denied", "throttled", "server_error", "garbage", "timeout", "repeat_token", "absent_list"]
)
def test_use_that_cannot_be_read_is_undecidable(cloud: Cloud, fault: str):
    provider, session = cloud.only("a", "idle")
    cloud.faults.add(fault, cloud.service.name, str(cloud.service.uses))  # type: ignore[arg-type]

    facts = observed(provider, session).facts

    for fact in (facts.phase, facts.idle_since):
        assert isinstance(fact, Undecidable)
        assert str(cloud.service.uses) in fact.reason


@pytest.mark.parametrize("fault", ["denied", "throttled", "server_error", "timeout"])
def test_tags_that_cannot_be_read_are_undecidable(cloud: Cloud, fault: str):
    provider, _ = cloud.only("a", "idle")
    session = provider.reread(cloud.ref("a"))
    assert session is not None
    assert session.facts.tags is NOT_ASKED
    cloud.faults.add(fault, cloud.service.name, cloud.service.tags)  # type: ignore[arg-type]

    facts = observed(provider, session).facts

    assert isinstance(facts.tags, Undecidable)
    assert cloud.service.tags in facts.tags.reason


def test_keeps_nothing_of_what_users_wrote(cloud: Cloud):
    provider, listed = cloud.only("a", "idle")

    seen = repr([listed, observed(provider, listed), provider.reread(listed.ref)])

    for secret in (USER_CODE, USER_OUTPUT, CONNECTION_TOKEN):
        assert secret not in seen


# Reading again


def test_reads_a_session_afresh_as_it_lists_it(cloud: Cloud):
    provider, listed = cloud.only("a", "idle")

    reread = provider.reread(listed.ref)

    assert reread is not None
    assert reread.ref == listed.ref
    for field in fields(Facts):
        was, now = getattr(listed.facts, field.name), getattr(reread.facts, field.name)
        assert was == now or NOT_ASKED in (was, now), field.name


@KNOWING_IDLE
def test_a_session_that_woke_up_is_busy_when_read_afresh(cloud: Cloud):
    assert cloud.wake is not None
    provider, listed = cloud.only("a", "idle")
    observed(provider, listed)
    cloud.wake(cloud.service.name, "a", at="now")

    session = provider.reread(listed.ref)

    assert session is not None
    assert observed(provider, session).facts.phase is Phase.BUSY


def test_a_session_nobody_knows_is_none(cloud: Cloud):
    cloud.seed(cloud.service.row("a", "idle"))

    assert cloud.provider().reread(cloud.ref("b")) is None


@pytest.mark.parametrize("fault", ["denied", "throttled", "server_error", "garbage", "timeout"])
def test_a_session_that_cannot_be_read_afresh_is_an_error_and_not_gone(cloud: Cloud, fault: str):
    cloud.seed(cloud.service.row("a", "idle"))
    cloud.faults.add(fault, cloud.service.name, cloud.service.gets)  # type: ignore[arg-type]

    with pytest.raises(ProviderError, match=re.escape(cloud.service.gets)):
        cloud.provider().reread(cloud.ref("a"))


@pytest.mark.parametrize("fault", ["throttled", "server_error"])
def test_right_before_a_stop_a_session_that_cannot_be_read_is_asked_for_twice_at_most(cloud: Cloud, mocker, fault: str):
    read_twice_at_most(cloud, mocker, "gets", fault)


@where(lambda service: service.uses)
@pytest.mark.parametrize("fault", ["throttled", "server_error"])
def test_right_before_a_stop_use_that_cannot_be_read_is_asked_for_twice_at_most(cloud: Cloud, mocker, fault: str):
    read_twice_at_most(cloud, mocker, "uses", fault)


@pytest.mark.parametrize("fault", ["throttled", "server_error"])
def test_right_before_a_stop_tags_that_cannot_be_read_are_asked_for_twice_at_most(cloud: Cloud, mocker, fault: str):
    read_twice_at_most(cloud, mocker, "tags", fault)


def read_twice_at_most(cloud: Cloud, mocker, read: str, fault: str) -> None:
    mocker.patch("botocore.endpoint.time.sleep")
    operation = getattr(cloud.service, read)
    cloud.seed(cloud.service.row("a", "idle"))
    provider = cloud.provider(attempts=3).for_recheck()
    cloud.faults.add(fault, cloud.service.name, operation)  # type: ignore[arg-type]
    before = cloud.sent(operation)

    try:
        session = provider.reread(cloud.ref("a"))
        assert session is not None
        facts = observed(provider, session).facts
        assert isinstance(facts.tags if read == "tags" else facts.idle_since, Undecidable)
    except ProviderError:
        assert read == "gets" or cloud.service is EMR

    assert cloud.sent(operation) - before <= 2


def test_right_before_a_stop_what_was_read_before_is_read_anew(cloud: Cloud):
    provider, listed = cloud.only("a", "idle")
    observed(provider, listed)
    before = cloud.sent(cloud.service.tags)

    provider = provider.for_recheck()
    session = provider.reread(listed.ref)

    assert session is not None
    assert isinstance(observed(provider, session).facts.tags, dict)
    assert cloud.sent(cloud.service.tags) > before


# Stopping


def test_stops_a_session_with_one_request(cloud: Cloud):
    provider, session = cloud.only("a", "idle")

    assert provider.stop(session.ref) is StopResult.ACCEPTED
    after = provider.reread(session.ref)

    assert after is not None
    assert after.facts.phase is Phase.STOPPING
    assert [call.operation for call in cloud.record if call.operation in cloud.service.mutates] == [cloud.service.stops]
    assert cloud.world.violations() == []


def test_a_session_that_is_stopping_or_has_ended_is_already_gone(cloud: Cloud):
    provider, session = cloud.only("a", "idle")
    provider.stop(session.ref)
    outcomes = []

    for seconds in (0, 600):
        cloud.world.clock.advance(seconds)
        # Athena accepts to stop what has ended; the others refuse, each in its own words.
        outcomes.append(provider.stop(session.ref))

    gone = StopResult.ACCEPTED if cloud.service.name == "athena" else StopResult.ALREADY_GONE
    assert outcomes == [gone, gone]
    assert len(cloud.world.stops()) <= 1


# Deadline Cloud's actions are read first, and that fails.
@where(lambda service: service is not DEADLINE)
def test_a_session_that_vanished_is_already_gone(cloud: Cloud):
    cloud.seed(cloud.service.row("a", "idle"))

    assert cloud.provider().stop(cloud.ref("b")) is StopResult.ALREADY_GONE


@pytest.mark.parametrize("fault", ["denied", "throttled", "server_error", "garbage", "timeout", "expired_credentials"])
def test_a_stop_that_fails_is_an_error_and_is_not_sent_again(cloud: Cloud, fault: str):
    cloud.seed(cloud.service.row("a", "idle"))
    cloud.faults.add(fault, cloud.service.name, cloud.service.stops)  # type: ignore[arg-type]

    with pytest.raises(ProviderError, match=re.escape(cloud.service.stops)):
        cloud.provider(attempts=3).stop(cloud.ref("a"))

    assert cloud.sent(cloud.service.stops) == 1
    assert cloud.world.stops() == []


def test_a_stop_that_fails_while_the_session_cannot_be_read_is_an_error(cloud: Cloud):
    cloud.seed(cloud.service.row("a", "idle"))
    cloud.faults.add("denied", cloud.service.name, cloud.service.stops)
    cloud.faults.add("denied", cloud.service.name, cloud.service.gets)

    with pytest.raises(ProviderError, match=re.escape(cloud.service.stops)):
        cloud.provider().stop(cloud.ref("a"))


# Permissions and counting


def test_counts_every_call_it_makes(cloud: Cloud):
    provider, session = cloud.only("a", "idle")
    observed(provider, session)
    provider.reread(session.ref)
    provider.stop(session.ref)

    assert cloud.calls.counts() == cloud.record.counts()


@where(lambda service: service is GLUE)
def test_counts_no_retries(cloud: Cloud, mocker):
    mocker.patch("botocore.endpoint.time.sleep")
    cloud.seed()
    cloud.faults.add("throttled", GLUE.name, GLUE.lists, times=2)

    walk(cloud.provider(attempts=3))

    assert cloud.sent(GLUE.lists) == 3
    assert cloud.calls.counts() == {"glue:ListSessions": 1}


def actions_of(grants) -> set[str]:
    return {action for grant in grants for action in grant.actions}


def journey(cloud: Cloud) -> tuple[set[str], set[str]]:
    """What a sweep in report mode calls, and what stopping calls on top."""
    provider, session = cloud.only("a", "idle")
    observed(provider, session)
    reads = set(cloud.record.counts())
    fresh = provider.reread(session.ref)
    assert fresh is not None
    observed(provider, fresh)
    provider.stop(session.ref)
    return reads, set(cloud.record.counts()) - reads


@ON_AWS
def test_is_granted_exactly_the_calls_it_makes(cloud: Cloud):
    spec = specs()[cloud.service.name]

    assert journey(cloud) == (actions_of(spec.read), actions_of(spec.stop))


@ON_AWS
def test_is_granted_its_calls_on_the_resources_they_are_checked_on(cloud: Cloud, aws_server):
    spec = specs()[cloud.service.name]
    place = {"partition": "aws", "region": "us-east-1", "account": "000000000000"}
    patterns = {
        action: [re.escape(resource.format(**place)).replace(r"\*", ".*") for resource in grant.resources]
        for grant in (*spec.read, *spec.stop)
        for action in grant.actions
    }
    journey(cloud)
    emulated = aws_server.gateway.services[cloud.service.name]

    for call in cloud.record:
        action, resource = emulated.permission(call.operation, call.parameters, aws_server.world.region())
        assert any(re.fullmatch(pattern, resource) for pattern in patterns[action]), (action, resource)


def test_report_mode_is_granted_nothing_that_changes_anything(service: Service):
    read = actions_of(specs()[service.name].read)

    assert not {action.partition(":")[2] for action in read} & service.mutates


def test_its_sessions_live_in_the_scope_that_its_spec_declares(cloud: Cloud):
    _, session = cloud.only("a", "idle")

    assert tuple(part for part, _ in session.ref.scope) == specs()[cloud.service.name].scope
