"""Who is told what of a sweep, and what is told once only."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reaper.core.links import Purpose, key_of, verify
from reaper.core.owners import Contact, Owners, OwnersBook
from reaper.handlers.delivery import DeliveryError
from reaper.handlers.people import People
from reaper.notifiers.port import NotifyError
from reaper.settings import DeliverySettings, Mode, Notify, PeopleSettings, SweepSettings
from tests.support.ledgers import MemoryLedger
from tests.support.reports import typed

NOW = 1800000000.0
REPORTS, OWNERS, CHAT = "arn:aws:sns:x:1:reports", "arn:aws:sns:x:1:owners", "arn:aws:sns:x:1:chat"
SECRET = "k" * 64
BOOK = OwnersBook(
    (
        Owners(("ana",), Contact("data", email="data@example.com", slack="#data", timezone="Europe/Berlin")),
        Owners(("bob",), Contact("web", email="web@example.com")),
    )
)


def denied(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AuthorizationError", "Message": "no"}}, operation)


class Cloud:
    """The clients a sweep tells people with, and what they were told."""

    def __init__(self):
        self.published: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.secrets_read = 0
        self.refuse: set[str] = set()

    def __call__(self, service: str):
        return {
            "sns": SimpleNamespace(publish=self._publish),
            "events": SimpleNamespace(put_events=self._put_events),
            "secretsmanager": SimpleNamespace(get_secret_value=self._secret),
        }[service]

    def told(self) -> list[tuple[str, str]]:
        return [
            (one["TopicArn"].rpartition(":")[2], one["MessageAttributes"]["audience"]["StringValue"])
            for one in self.published
            if one["TopicArn"] != CHAT
        ]

    def digest(self, audience: str) -> dict[str, Any]:
        [found] = [
            one for one in self.published if one["MessageAttributes"].get("audience", {}).get("StringValue") == audience
        ]
        return json.loads(json.loads(found["Message"])["default"])

    def _publish(self, **request):
        audience = request.get("MessageAttributes", {}).get("audience", {}).get("StringValue", "")
        if audience in self.refuse:
            raise denied("Publish")
        self.published.append(request)
        return {"MessageId": str(len(self.published))}

    def _put_events(self, **request):
        if "events" in self.refuse:
            raise denied("PutEvents")
        self.events += request["Entries"]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in request["Entries"]]}

    def _secret(self, **_request):
        self.secrets_read += 1
        if "secret" in self.refuse:
            raise denied("GetSecretValue")
        return {"SecretString": json.dumps({"current": SECRET})}


class Delivered:
    def __init__(self, book=BOOK):
        self.book = book

    def owners(self):
        if self.book is None:
            raise DeliveryError("the owners in AppConfig are wrong: owners:3:5: no such thing")
        return self.book


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
def people(cloud, ledger):
    def make(book=BOOK, notify=Notify.FINDINGS, **changed) -> People:
        settings = SweepSettings(
            mode=Mode.ENFORCE,
            services=("glue",),
            account="123456789012",
            regions=("eu-central-1",),
            topic_arn=REPORTS,
            ledger_table="ledger",
            delivery=DeliverySettings(application="a", environment="e", policies="p", switch="s", owners="o"),
            notify=notify,
            people=PeopleSettings(
                **{
                    "owners_topic_arn": OWNERS,
                    "answers_url": "https://answers.example.com/",
                    "link_secret": "links",
                    "event_bus": "default",
                    **changed,
                }
            ),
        )
        return People(
            settings=settings,
            delivery=Delivered(book),  # type: ignore[arg-type] - it delivers the owners, which is all that is asked of it
            client=cloud,
            bookkeeping=ledger,
            logger=logging.getLogger("test"),  # type: ignore[arg-type] - what is used of it is the same
            where="the log",
            clock=lambda: NOW,
        )

    return make


def finding(session: str, owner: str | None, outcome: str = "warned", **more: Any) -> dict[str, Any]:
    return {
        "ref": {"service": "glue", "account": "123456789012", "region": "eu-central-1", "scope": {}, "id": session},
        "verdict": "stop",
        "policy": "glue-idle",
        "outcome": outcome,
        "detail": "idle",
        "facts": {"state": "READY", "phase": "idle", "idle_for": 3600, "owner": owner},
        "due": "2027-01-15T08:15:00Z",
        "arn": f"arn:aws:glue:eu-central-1:123456789012:session/{session}",
        **more,
    }


def report(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    outcomes = [one["outcome"] for one in findings]
    return {
        "schema_version": 1,
        "run_id": "run-1",
        "mode": "enforce",
        "started_at": "2027-01-15T08:00:00Z",
        "finished_at": "2027-01-15T08:00:10Z",
        "sessions": {"seen": 5, "live": 5},
        "findings": list(findings),
        "blind": [],
        "totals": {outcome: outcomes.count(outcome) for outcome in outcomes},
        "idle_cost": 0.0,
        "api_calls": {},
        **more,
    }


BLIND = {"service": "athena", "account": "123456789012", "region": "eu-central-1", "scope": {}, "error": "denied"}


def test_each_destination_gets_one_message_with_what_is_its_own(people, cloud):
    people().tell(
        typed(report(finding("s-1", "ana"), finding("s-2", "bob"), finding("s-3", "ana"), finding("s-4", None)))
    )

    assert sorted(cloud.told()) == [
        ("owners", "email:data@example.com"),
        ("owners", "email:web@example.com"),
        ("owners", "slack:#data"),
        ("reports", "platform"),
    ]
    assert {one["ref"]["id"] for one in cloud.digest("slack:#data")["findings"]} == {"s-1", "s-3"}
    assert {one["ref"]["id"] for one in cloud.digest("platform")["findings"]} == {"s-1", "s-2", "s-3", "s-4"}
    assert cloud.digest("platform")["owners"] == {"resolved": 3, "unresolved": 1}


def test_links_are_signed_for_the_one_they_are_sent_to(people, cloud):
    people().tell(typed(report(finding("s-1", "ana"))))

    [told] = cloud.digest("slack:#data")["findings"]
    url = told["links"]["answer"]
    assert url.startswith("https://answers.example.com/s/")
    link = verify(url.rpartition("/")[2], [key_of(SECRET)], NOW, Purpose.SESSION)
    assert (link.name, link.to, link.expires) == ("glue/123456789012/eu-central-1/s-1", "#data", NOW + 7 * 86400)
    assert cloud.secrets_read == 1


def test_nobody_is_told_the_same_twice(people, cloud):
    told = report(finding("s-1", "ana"), blind=[BLIND])
    people().tell(typed(told))
    cloud.published.clear()

    people().tell(typed(told))

    assert cloud.told() == []


def test_what_could_not_be_read_is_told_again_once_it_came_back(people, cloud):
    for blind in ([BLIND], [BLIND], [], [], [BLIND]):
        people().tell(typed(report(blind=blind)))

    assert cloud.told() == [("reports", "platform")] * 2


def test_a_quiet_sweep_tells_nobody_and_reads_no_secret(people, cloud):
    people().tell(typed(report()))

    assert cloud.told() == []
    assert cloud.secrets_read == 0


def test_the_platform_may_want_to_hear_of_every_sweep(people, cloud):
    for _ in range(2):
        people(notify=Notify.ALWAYS).tell(typed(report(finding("s-1", "ana", news=False))))

    assert cloud.told() == [("reports", "platform")] * 2


def test_one_that_could_not_be_told_is_told_by_the_next_sweep_and_the_others_are_not(people, cloud):
    cloud.refuse = {"slack:#data"}
    first = people()

    notes = first.tell(typed(report(finding("s-1", "ana"))))

    assert len(notes) == 1
    assert OWNERS in notes[0]
    assert first.untold == 1
    with pytest.raises(NotifyError):
        first.insist()

    cloud.refuse, cloud.published = set(), []
    second = people()
    assert second.tell(typed(report(finding("s-1", "ana")))) == ()
    assert cloud.told() == [("owners", "slack:#data")]
    second.insist()


def test_owners_that_cannot_be_read_are_the_platforms_to_know(people, cloud):
    told = people(book=None)
    told.tell(typed(report(finding("s-1", "ana"))))

    assert cloud.told() == [("reports", "platform")]
    [note] = cloud.digest("platform")["notes"]
    assert note.startswith("owners are not told themselves: the owners in AppConfig are wrong")
    assert told.annotated(typed(report())).notes == (note,)


def test_messages_go_out_without_links_when_these_cannot_be_signed(people, cloud):
    cloud.refuse = {"secret"}

    assert people().tell(typed(report(finding("s-1", "ana")))) == ()

    assert "links" not in cloud.digest("slack:#data")["findings"][0]


def test_everybody_is_told_when_nobody_knows_what_they_were_told(people, cloud, ledger):
    ledger.trouble = "the table is gone"

    for _ in range(2):
        assert people().tell(typed(report(finding("s-1", "bob")))) == ()

    assert sorted(cloud.told()) == [("owners", "email:web@example.com")] * 2 + [("reports", "platform")] * 2


def test_events_are_of_what_is_new_and_of_the_sweep(people, cloud):
    people().tell(typed(report(finding("s-1", "ana"), finding("s-2", "bob", news=False))))

    assert [(one["DetailType"], one["Resources"]) for one in cloud.events] == [
        ("Session Warned", ["arn:aws:glue:eu-central-1:123456789012:session/s-1"]),
        ("Sweep Completed", []),
    ]


def test_events_that_do_not_go_out_are_counted_and_make_no_warning_unheard(people, cloud):
    cloud.refuse = {"events"}
    told = people()

    notes = told.tell(typed(report(finding("s-1", "bob"))))

    assert told.untold == 2
    assert notes == ()
    assert sorted(cloud.told()) == [("owners", "email:web@example.com"), ("reports", "platform")]
    told.insist()


def test_who_gets_the_whole_report_gets_no_digest_besides(people, cloud):
    people(told_already="email:data@example.com,slack:#data").tell(typed(report(finding("s-1", "ana"))))

    assert cloud.told() == [("reports", "platform")]


def test_amazon_q_gets_a_notification_of_what_the_platform_is_told(people, cloud):
    people(chat_topic_arn=CHAT).tell(typed(report(finding("s-1", "ana"))))

    [chat] = [one for one in cloud.published if one["TopicArn"] == CHAT]
    assert json.loads(chat["Message"])["source"] == "custom"


@pytest.mark.parametrize(
    ("owner", "team", "zone"),
    [
        ("ana", "data", "Europe/Berlin"),
        ("bob", "web", "Asia/Tokyo"),
        ("eve", "", "Asia/Tokyo"),
        (None, "", "Asia/Tokyo"),
    ],
)
def test_times_are_those_of_the_reader(people, owner, team, zone):
    reader = people(timezone="Asia/Tokyo").reader(owner)

    assert (reader.team, reader.timezone) == (team, zone)
