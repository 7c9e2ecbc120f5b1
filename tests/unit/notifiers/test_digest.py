from __future__ import annotations

import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.outcome import Outcome
from reaper.core.owners import Contact, Owners, OwnersBook
from reaper.notifiers.digest import Fingerprint, annotate, digests
from reaper.notifiers.digest import fingerprint as print_of
from reaper.notifiers.digest import worth_telling as is_worth_telling
from reaper.notifiers.message import LIMIT, compose
from reaper.wire.codec import builtins_of
from tests.support.reports import blind, finding, ref, report, typed

DATA = Contact("data", "data@example.com", "#data", "Europe/Berlin")
ANA = Contact("ana", slack="U012AB3CD")
UNOWNED = Contact("unowned", "finops@example.com")
BOOK = OwnersBook((Owners(("ana",), ANA), Owners(("*@data.example.com",), DATA)), UNOWNED)
NOBODY = OwnersBook()
GUARD = {"service": "glue", "account": "1", "region": "r", "detail": "max_stops: 30 would be stopped"}


def of(owner, outcome, identity="nightly", *, idle_cost=None, **change):
    facts = {"name": None, "state": "READY", "owner": owner}
    return finding(outcome, identity, facts=facts if idle_cost is None else {**facts, "idle_cost": idle_cost}, **change)


def fingerprint(document):
    return print_of(typed(document))


def worth_telling(document, before):
    return is_worth_telling(typed(document), before)


def cut(told, book=BOOK, already=(), link=None):
    return {
        one["audience"]["key"]: one
        for one in map(
            builtins_of, digests(typed(told), book, timezone="Asia/Tokyo", told_already=frozenset(already), link=link)
        )
    }


class TestAnnotate:
    def test_each_finding_is_given_its_team_and_owners_are_counted(self):
        told = builtins_of(
            annotate(
                typed(
                    report(
                        of("ana", "warned", "a"),
                        of("bo@data.example.com", "stopped", "b"),
                        of("zoe", "reported", "c"),
                        of(None, "undetermined", "d"),
                        of({"undecidable": "tags denied"}, "protected", "e"),
                        of("ana", "confirmed", "f"),
                    )
                ),
                BOOK,
            )
        )

        assert [one["team"] for one in told["findings"]] == ["ana", "data", "unowned", "unowned", "unowned", "ana"]
        assert told["owners"] == {"resolved": 2, "unresolved": 3}

    def test_without_a_default_who_is_not_known_has_no_team(self):
        told = builtins_of(annotate(typed(report(of("zoe", "warned"))), OwnersBook(BOOK.entries)))

        assert "team" not in told["findings"][0]
        assert told["owners"] == {"resolved": 0, "unresolved": 1}

    def test_where_nobody_is_named_a_report_stays_as_it_is(self):
        assert annotate(typed(report(of("ana", "warned"))), NOBODY) == typed(report(of("ana", "warned")))


class TestDigests:
    WHOLE = report(
        of("ana", "warned", "a", idle_cost=1.5),
        of("bo@data.example.com", "stopped", "b", idle_cost=2.25, avoided_cost=10.5),
        of("cy@data.example.com", "confirmed", "c", idle_cost=7.0),
        of("zoe", "withheld", "d", idle_cost=0.5),
        blind=[blind()],
        guards=[GUARD],
        notes=["a note"],
        unfinished={"scopes": [], "sessions": [], "stops": []},
        avoided_cost=10.5,
    )

    def test_the_platform_comes_first_and_is_told_everything(self):
        first = builtins_of(digests(typed(self.WHOLE), BOOK, timezone="Asia/Tokyo", told_already=frozenset())[0])

        assert first["audience"] == {
            "key": "platform",
            "medium": "platform",
            "to": "platform",
            "teams": ["ana", "data", "unowned"],
            "timezone": "Asia/Tokyo",
        }
        assert {key: first[key] for key in self.WHOLE if key != "findings"} == {
            key: self.WHOLE[key] for key in self.WHOLE if key != "findings"
        }
        assert [one["ref"]["id"] for one in first["findings"]] == ["a", "b", "c", "d"]
        assert first["owners"] == {"resolved": 2, "unresolved": 1}

    def test_a_destination_is_told_of_its_own_sessions_and_of_nothing_it_cannot_mend(self):
        assert cut(self.WHOLE)["email:data@example.com"] == {
            "schema_version": 1,
            "run_id": "run-1",
            "mode": "report",
            "started_at": "2026-03-01T10:00:00Z",
            "finished_at": "2026-03-01T10:00:12Z",
            "sessions": {"seen": 2, "live": 1},
            "findings": [
                of("bo@data.example.com", "stopped", "b", idle_cost=2.25, avoided_cost=10.5, team="data"),
                of("cy@data.example.com", "confirmed", "c", idle_cost=7.0, team="data"),
            ],
            "blind": [],
            "totals": {"stopped": 1, "confirmed": 1},
            "idle_cost": 2.25,
            "avoided_cost": 10.5,
            "api_calls": {},
            "audience": {
                "key": "email:data@example.com",
                "medium": "email",
                "to": "data@example.com",
                "teams": ["data"],
                "timezone": "Europe/Berlin",
            },
        }

    def test_each_destination_has_one_and_the_default_hears_of_the_rest(self):
        told = cut(self.WHOLE)

        assert list(told) == [
            "platform",
            "email:data@example.com",
            "email:finops@example.com",
            "slack:#data",
            "slack:U012AB3CD",
        ]
        assert [one["ref"]["id"] for one in told["email:finops@example.com"]["findings"]] == ["d"]
        assert told["email:finops@example.com"]["audience"]["default"] is True
        assert told["email:finops@example.com"]["audience"]["timezone"] == "Asia/Tokyo"
        assert "avoided_cost" not in told["email:finops@example.com"]

    def test_a_destination_of_several_teams_gets_one_digest_of_all(self):
        book = OwnersBook((Owners(("ana",), Contact("b", "x@example.com", "", "UTC")),), Contact("a", "x@example.com"))
        told = cut(report(of("ana", "warned", "1"), of("zoe", "warned", "2")), book)

        assert list(told) == ["platform", "email:x@example.com"]
        assert told["email:x@example.com"]["audience"]["teams"] == ["a", "b"]
        assert told["email:x@example.com"]["audience"]["timezone"] == "UTC"
        assert len(told["email:x@example.com"]["findings"]) == 2

    def test_who_gets_the_whole_report_gets_no_digest_besides(self):
        told = cut(self.WHOLE, already=["email:Data@Example.com", "slack:U012AB3CD"])

        assert list(told) == ["platform", "email:finops@example.com", "slack:#data"]

    def test_a_team_without_a_destination_is_told_nothing(self):
        assert list(cut(self.WHOLE, OwnersBook((Owners(("ana",), Contact("ana")),)))) == ["platform"]

    def test_a_link_is_made_for_what_can_be_answered_and_for_whom_it_is_sent_to(self):
        outcomes = [outcome.value for outcome in Outcome]
        told = report(*(of("bo@data.example.com", outcome, outcome) for outcome in outcomes),
                      of("bo@data.example.com", "warned", "no stop", verdict="report"))  # fmt: skip
        for key, to in (
            ("platform", "platform"),
            ("email:data@example.com", "data@example.com"),
            ("slack:#data", "#data"),
        ):
            digest = cut(told, link=lambda ref, to: f"https://x/{ref.id}/{to}")[key]

            assert {one["ref"]["id"]: one["links"]["answer"] for one in digest["findings"] if "links" in one} == {
                outcome: f"https://x/{outcome}/{to}" for outcome in ("warned", "snoozed", "would_stop", "withheld")
            }

    def test_without_a_page_to_answer_on_there_are_no_links(self):
        assert "links" not in json.dumps(cut(self.WHOLE))
        assert "links" not in json.dumps(cut(self.WHOLE, link=lambda _ref, _to: ""))

    def test_a_sweep_that_was_refused_is_told_to_the_platform_alone(self):
        assert list(cut(report(error="no policies", blind=[blind()]))) == ["platform"]


class TestNews:
    def test_the_fingerprint_of_a_fingerprints_text_is_the_same(self):
        whole = fingerprint(report(of("ana", "warned"), blind=[blind()]))

        assert Fingerprint.parse(str(whole)) == whole
        assert Fingerprint.parse(str(Fingerprint())) == Fingerprint()
        assert len(str(whole)) < 100

    @pytest.mark.parametrize("text", ["", "x", "2:a:b", "1:a", "1:a:b:c", "null"])
    def test_another_text_is_none(self, text):
        assert Fingerprint.parse(text) is None

    @given(
        st.permutations([of("ana", "warned", "a"), of("bo", "failed", "b"), of("zoe", "stopped", "c")]), st.booleans()
    )
    def test_it_does_not_depend_on_any_order(self, findings, turned):
        blinds = [blind(), blind(scope={"farm": "x", "queue": "y"})]
        other = [blind(scope={"queue": "y", "farm": "x"}), blind()]

        assert fingerprint(report(*findings, blind=other if turned else blinds, notes=["a", "b"])) == fingerprint(
            report(
                of("zoe", "stopped", "c"),
                of("ana", "warned", "a"),
                of("bo", "failed", "b"),
                blind=blinds,
                notes=["b", "a"],
            )
        )

    @pytest.mark.parametrize(
        "change",
        [{"outcome": "stopped"}, {"policy": "other"}, {"due": "2026-03-01T12:00:00Z"}, {"ref": ref("other")},
         {"snooze": {"until": "2026-03-01T12:00:00Z", "by": "ana", "at": "2026-03-01T09:00:00Z", "times": 1}}],
    )  # fmt: skip
    def test_what_changes_for_a_person_changes_it(self, change):
        before = fingerprint(report(of("ana", "warned")))

        assert worth_telling(report({**of("ana", "warned"), **change}), before)

    @pytest.mark.parametrize(
        "change",
        [{"detail": "other words"}, {"facts": {"owner": "ana", "idle_for": 9}}, {"links": {"answer": "https://x/s/y"}}],
    )
    def test_mere_numbers_and_words_do_not(self, change):
        before = fingerprint(report(of("ana", "warned")))

        assert not worth_telling(report({**of("ana", "warned"), **change}), before)

    @pytest.mark.parametrize("outcome", ["protected", "snoozed", "confirmed"])
    def test_what_nobody_needs_to_hear_of_is_not_worth_a_message(self, outcome):
        assert not worth_telling(report(of("ana", outcome)), None)

    def test_what_people_were_told_before_is_not(self):
        assert not worth_telling(report(of("ana", "warned", news=False)), None)
        assert not worth_telling(report(), None)

    def test_an_outcome_of_a_later_version_is(self):
        assert worth_telling(report(of("ana", "teleported")), None)

    @pytest.mark.parametrize("trouble", [{"blind": [blind()]}, {"guards": [GUARD]}, {"error": "x"}, {"notes": ["x"]}])
    def test_a_trouble_is_told_once_until_it_was_over(self, trouble):
        told = report(**trouble)

        assert worth_telling(told, None)
        assert not worth_telling(told, fingerprint(told))
        assert worth_telling(told, fingerprint(report()))
        assert not worth_telling(report(), fingerprint(told))

    def test_the_same_places_with_other_words_are_the_same_trouble(self):
        before = fingerprint(report(blind=[blind()], guards=[GUARD]))

        assert not worth_telling(
            report(blind=[blind(error="throttled")], guards=[{**GUARD, "detail": "31 would be stopped"}]), before
        )
        assert worth_telling(report(blind=[blind(region="us-east-1")], guards=[GUARD]), before)


def test_ten_thousand_findings_of_five_hundred_owners_are_cut_and_composed_within_every_limit():
    book = OwnersBook(
        tuple(
            Owners((f"*@team{i}.example.com",), Contact(f"team{i}", f"t{i}@example.com", f"#t{i % 50}"))
            for i in range(500)
        )
    )
    outcomes = [outcome.value for outcome in Outcome]
    told = typed(
        report(
            *(
                of(
                    f"person{i}@team{i % 500}.example.com",
                    outcomes[i % len(outcomes)],
                    f"s{i}",
                    due="2026-03-01T12:00:00Z",
                )
                for i in range(10_000)
            ),
            blind=[blind(scope={"workgroup": f"w{i}"}) for i in range(500)],
        )
    )
    began = process_time()
    found = digests(
        told, book, timezone="UTC", told_already=frozenset(), link=lambda ref, _to: f"https://x/{ref.id}{'y' * 300}"
    )
    took = process_time() - began
    messages = [compose(one) for one in found]

    assert took < 2
    assert len(found) == 1 + 500 + 50
    assert len({one.audience.key for one in found if one.audience}) == len(found)
    assert sum(len(one.findings) for one in found) == 30_000
    assert all(message.size <= LIMIT for message in messages)
    assert all(len(message.subject) < 100 and message.subject.isprintable() for message in messages)
    assert all(len(message.attributes) <= 10 for message in messages)
