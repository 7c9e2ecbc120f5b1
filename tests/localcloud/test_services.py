"""What each emulated service does: lists, pages, tags, stops, and the work that stops kill."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.document import deadline_id
from localcloud.state import USER_CODE


def test_accounts_and_regions_are_worlds_of_their_own(cloud, client):
    cloud.world.add_glue({"id": "here"})
    cloud.world.add_glue({"id": "there"}, "111111111111", "eu-central-1")
    assert client("glue").list_sessions()["Ids"] == ["here"]
    assert client("glue", "eu-central-1").list_sessions()["Ids"] == []
    assert client("glue", "eu-central-1", "111111111111").list_sessions()["Ids"] == ["there"]
    assert client("sts", account="111111111111").get_caller_identity()["Account"] == "111111111111"


class TestGlue:
    def test_pages_hold_every_session_once_ended_ones_included(self, cloud, glue):
        for number in range(5):
            cloud.world.add_glue({"id": f"s{number}", "state": "STOPPED" if number == 3 else "READY"})
        first = glue.list_sessions(MaxResults=2)
        second = glue.list_sessions(MaxResults=2, NextToken=first["NextToken"])
        third = glue.list_sessions(MaxResults=2, NextToken=second["NextToken"])
        assert first["Ids"] + second["Ids"] + third["Ids"] == ["s0", "s1", "s2", "s3", "s4"]
        assert "NextToken" not in third

    def test_a_token_of_another_list_is_refused(self, cloud, glue):
        for number in range(2):
            cloud.world.add_glue({"id": f"s{number}", "statements": [{}] * 101})
        token = glue.list_sessions(MaxResults=1)["NextToken"]
        for wrong in (token, "made-up"):
            with pytest.raises(glue.exceptions.InvalidInputException):
                glue.list_statements(SessionId="s0", NextToken=wrong)

    def test_statements_come_in_pages_with_what_users_wrote(self, cloud, glue):
        cloud.world.add_glue({"id": "a", "statements": [{}] * 150})
        first = glue.list_statements(SessionId="a")
        second = glue.list_statements(SessionId="a", NextToken=first["NextToken"])
        assert [len(first["Statements"]), len(second["Statements"])] == [100, 50]
        assert first["Statements"][0]["Code"] == USER_CODE

    def test_sessions_are_chosen_by_all_of_the_tags_asked_for(self, cloud, glue):
        cloud.world.add_glue({"id": "a", "tags": {"env": "dev", "team": "x"}})
        cloud.world.add_glue({"id": "b", "tags": {"env": "dev"}})
        assert glue.list_sessions(Tags={"env": "dev", "team": "x"})["Ids"] == ["a"]

    def test_tags_are_read_by_arn(self, cloud, glue):
        cloud.world.add_glue({"id": "a", "tags": {"env": "dev"}})
        arn = "arn:aws:glue:{}:000000000000:session/a"
        assert glue.get_tags(ResourceArn=arn.format("us-east-1"))["Tags"] == {"env": "dev"}
        with pytest.raises(glue.exceptions.EntityNotFoundException):
            glue.get_tags(ResourceArn=arn.format("us-west-2"))

    def test_a_stopped_session_is_stopping_and_after_a_while_stopped(self, cloud, glue):
        cloud.world.add_glue({"id": "a"})
        glue.stop_session(Id="a")
        assert glue.get_session(Id="a")["Session"]["Status"] == "STOPPING"
        cloud.world.clock.advance(60)
        assert glue.get_session(Id="a")["Session"]["Status"] == "STOPPED"
        assert glue.list_sessions()["Ids"] == ["a"]

    @pytest.mark.parametrize("state", ["PROVISIONING", "STOPPING", "STOPPED", "TIMEOUT", "FAILED"])
    def test_only_a_running_session_can_be_stopped(self, cloud, glue, state):
        cloud.world.add_glue({"id": "a", "state": state})
        with pytest.raises(glue.exceptions.IllegalSessionStateException):
            glue.stop_session(Id="a")
        assert cloud.world.stops() == []

    def test_a_missing_session_is_an_error_that_stop_does_not_model(self, cloud, glue):
        del cloud
        modelled = {shape.name for shape in glue.meta.service_model.operation_model("StopSession").error_shapes}
        with pytest.raises(ClientError) as caught:
            glue.stop_session(Id="nope")
        assert caught.value.response.get("Error", {}).get("Code") == "EntityNotFoundException"
        assert "EntityNotFoundException" not in modelled

    def test_stopping_an_idle_session_is_no_violation_and_stopping_work_is_one(self, cloud, glue):
        cloud.world.add_glue({"id": "idle", "statements": [{"state": "AVAILABLE"}]})
        cloud.world.add_glue({"id": "busy", "statements": [{"state": "AVAILABLE"}, {"state": "RUNNING"}]})
        glue.stop_session(Id="idle")
        glue.stop_session(Id="busy")
        assert [stop.session for stop in cloud.world.stops()] == ["idle", "busy"]
        violations = [(v.session, v.operation, v.killed) for v in cloud.world.violations()]
        assert violations == [("busy", "StopSession", "statement 1 RUNNING")]

    def test_a_deletion_is_recorded_and_takes_the_session_away(self, cloud, glue):
        cloud.world.add_glue({"id": "a"})
        glue.delete_session(Id="a")
        assert glue.list_sessions()["Ids"] == []
        assert cloud.calls.counts()["glue:DeleteSession"] == 1
        assert [stop.operation for stop in cloud.world.stops()] == ["DeleteSession"]

    def test_states_and_members_that_nobody_documented_are_sent(self, cloud, glue):
        cloud.world.add_glue({"id": "a", "state": "HIBERNATING", "extra": {"Timeout": 2880}})
        sent: list[dict[str, Any]] = []
        glue.meta.events.register("before-parse.glue.GetSession", lambda response_dict, **_: sent.append(response_dict))
        assert glue.get_session(Id="a")["Session"]["Status"] == "HIBERNATING"
        assert json.loads(sent[0]["body"])["Session"]["Timeout"] == 2880


class TestAthena:
    def test_the_default_list_has_active_sessions_newest_first_and_no_degraded(self, cloud, athena):
        for age, state in enumerate(["IDLE", "BUSY", "TERMINATED", "DEGRADED", "CREATING", "FAILED"], start=1):
            cloud.world.add_athena("science", {"id": state, "state": state, "started": f"-{7 - age}h"})
        found = athena.list_sessions(WorkGroup="science")["Sessions"]
        assert [session["SessionId"] for session in found] == ["CREATING", "BUSY", "IDLE"]
        degraded = athena.list_sessions(WorkGroup="science", StateFilter="DEGRADED")["Sessions"]
        assert [session["SessionId"] for session in degraded] == ["DEGRADED"]

    def test_workgroups_and_sessions_come_in_pages(self, cloud, athena):
        for number in range(3):
            cloud.world.add_athena("science", {"id": f"s{number}", "started": f"-{number + 1}h"})
            cloud.world.add_athena(f"group{number}", {"id": f"g{number}"})
        first = athena.list_work_groups(MaxResults=3)
        second = athena.list_work_groups(MaxResults=3, NextToken=first["NextToken"])
        names = [group["Name"] for group in first["WorkGroups"] + second["WorkGroups"]]
        assert names == ["group0", "group1", "group2", "science"]
        page = athena.list_sessions(WorkGroup="science", MaxResults=2)
        rest = athena.list_sessions(WorkGroup="science", MaxResults=2, NextToken=page["NextToken"])
        assert [s["SessionId"] for s in page["Sessions"] + rest["Sessions"]] == ["s0", "s1", "s2"]

    def test_sessions_of_workgroups_without_spark_cannot_be_listed(self, cloud, athena):
        document = {"workgroups": [{"name": "sql", "engine": "Athena engine version 3"}]}
        cloud.world.seed({"accounts": {"000000000000": {"us-east-1": {"athena": document}}}})
        for name in ("sql", "nope"):
            with pytest.raises(athena.exceptions.InvalidRequestException):
                athena.list_sessions(WorkGroup=name)

    def test_tags_are_those_of_the_workgroup_or_of_the_session(self, cloud, athena):
        cloud.world.add_athena("science", {"id": "a", "tags": {"of": "session"}})
        cloud.world.region().athena["science"].tags["of"] = "workgroup"
        arn = "arn:aws:athena:us-east-1:000000000000:workgroup/science"
        of_group = athena.list_tags_for_resource(ResourceARN=arn)["Tags"]
        of_session = athena.list_tags_for_resource(ResourceARN=f"{arn}/session/a")["Tags"]
        assert of_group == [{"Key": "of", "Value": "workgroup"}]
        assert of_session == [{"Key": "of", "Value": "session"}]
        with pytest.raises(athena.exceptions.ResourceNotFoundException):
            athena.list_tags_for_resource(ResourceARN=f"{arn}/session/nope")

    def test_the_idle_timeout_is_told_by_get_session_only(self, cloud, athena):
        cloud.world.add_athena("science", {"id": "a", "idle_timeout_minutes": 480})
        configuration = athena.get_session(SessionId="a")["SessionConfiguration"]
        assert configuration == {"IdleTimeoutSeconds": 28800, "SessionIdleTimeoutInMinutes": 480}
        assert "SessionConfiguration" not in athena.list_sessions(WorkGroup="science")["Sessions"][0]

    def test_a_terminated_session_is_terminating_and_then_terminated(self, cloud, athena):
        cloud.world.add_athena("science", {"id": "a"})
        assert athena.terminate_session(SessionId="a")["State"] == "TERMINATING"
        cloud.world.clock.advance(60)
        assert athena.get_session_status(SessionId="a")["Status"]["State"] == "TERMINATED"

    @pytest.mark.parametrize("state", ["TERMINATING", "TERMINATED", "FAILED"])
    def test_terminating_an_inactive_session_succeeds_without_effect(self, cloud, athena, state):
        cloud.world.add_athena("science", {"id": "a", "state": state})
        assert athena.terminate_session(SessionId="a")["State"] == state
        assert cloud.world.stops() == []

    def test_terminating_a_session_at_work_is_a_violation(self, cloud, athena):
        cloud.world.add_athena("science", {"id": "connect", "state": "BUSY", "idle_since": None})
        cloud.world.add_athena("science", {"id": "calculating", "calculations": [{"id": "c1"}]})
        athena.terminate_session(SessionId="connect")
        athena.terminate_session(SessionId="calculating")
        killed = [violation.killed for violation in cloud.world.violations()]
        assert killed == ["session BUSY", "calculation c1 RUNNING"]


class TestDeadline:
    def test_everything_is_found_from_the_farm_down(self, deadline, studio):
        farm, queue, job, fleet, worker, session = studio.values()
        assert [f["displayName"] for f in deadline.list_farms()["farms"]] == ["studio"]
        assert [f["workerCount"] for f in deadline.list_fleets(farmId=farm)["fleets"]] == [1]
        found = deadline.search_workers(farmId=farm, fleetIds=[fleet], itemOffset=0)
        assert [(w["workerId"], w["status"]) for w in found["workers"]] == [(worker, "IDLE")]
        assert found["totalResults"] == 1
        rows = deadline.list_sessions_for_worker(farmId=farm, fleetId=fleet, workerId=worker)["sessions"]
        assert [(r["sessionId"], r["queueId"], r["jobId"]) for r in rows] == [(session, queue, job)]
        where = {"farmId": farm, "queueId": queue, "jobId": job}
        actions = deadline.list_session_actions(**where, sessionId=session)["sessionActions"]
        assert [action["status"] for action in actions] == ["SUCCEEDED"]
        assert [s["workerId"] for s in deadline.list_sessions(**where)["sessions"]] == [worker]
        assert deadline.get_job(**where)["createdBy"] == "ada"

    def test_workers_are_searched_in_pages_and_by_status(self, cloud, deadline, studio):
        fleet = cloud.world.region().farms[studio["farmId"]].fleets[studio["fleetId"]]
        worker = fleet.workers[studio["workerId"]]
        for number in range(4):
            name = deadline_id("worker", f"more{number}")
            fleet.workers[name] = type(worker)(id=name, status="STOPPED" if number == 3 else "IDLE")
        search = {"farmId": studio["farmId"], "fleetIds": [studio["fleetId"]], "pageSize": 3}
        first = deadline.search_workers(**search, itemOffset=0)
        second = deadline.search_workers(**search, itemOffset=first["nextItemOffset"])
        assert [len(first["workers"]), len(second["workers"]), second.get("nextItemOffset")] == [3, 2, None]
        stopped = {"stringFilter": {"name": "STATUS", "operator": "EQUAL", "value": "STOPPED"}}
        chosen = deadline.search_workers(
            **search, itemOffset=0, filterExpressions={"filters": [stopped], "operator": "AND"}
        )
        assert chosen["totalResults"] == 1

    def test_tags_are_those_of_farm_queue_job_fleet_and_worker(self, deadline, studio):
        farm, queue, job, fleet, worker, session = studio.values()
        root = f"arn:aws:deadline:us-east-1:000000000000:farm/{farm}"
        paths = {
            "farm": root,
            "queue": f"{root}/queue/{queue}",
            "job": f"{root}/queue/{queue}/job/{job}",
            "fleet": f"{root}/fleet/{fleet}",
            "worker": f"{root}/fleet/{fleet}/worker/{worker}",
        }
        for kind, arn in paths.items():
            assert deadline.list_tags_for_resource(resourceArn=arn)["tags"] == {"of": kind}
        with pytest.raises(deadline.exceptions.ResourceNotFoundException):
            deadline.list_tags_for_resource(resourceArn=f"{paths['job']}/session/{session}")

    def update(self, deadline, studio):
        where = {name: studio[name] for name in ("farmId", "queueId", "jobId", "sessionId")}
        return deadline.update_session(**where, targetLifecycleStatus="ENDED")

    def rows(self, deadline, studio):
        where = {name: studio[name] for name in ("farmId", "fleetId", "workerId")}
        return deadline.list_sessions_for_worker(**where)["sessions"]

    def test_an_updated_session_ends_after_a_while_and_stays_in_the_list(self, cloud, deadline, studio):
        self.update(deadline, studio)
        assert [row["targetLifecycleStatus"] for row in self.rows(deadline, studio)] == ["ENDED"]
        cloud.world.clock.advance(60)
        (row,) = self.rows(deadline, studio)
        assert row["lifecycleStatus"] == "ENDED"
        assert "endedAt" in row

    def test_a_session_that_has_ended_or_is_ending_conflicts(self, cloud, deadline, studio):
        self.update(deadline, studio)
        for seconds in (0, 60):
            cloud.world.clock.advance(seconds)
            with pytest.raises(deadline.exceptions.ConflictException) as caught:
                self.update(deadline, studio)
            assert caught.value.response["reason"] == "STATUS_CONFLICT"
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
        assert len(cloud.world.stops()) == 1

    def test_ending_a_session_with_an_open_action_is_a_violation(self, cloud, deadline, studio):
        cloud.world.wake("deadline", "idle")
        self.update(deadline, studio)
        (violation,) = cloud.world.violations()
        assert violation.session == studio["sessionId"]
        assert violation.killed == f"action sessionaction-{studio['sessionId'].removeprefix('session-')}-1 RUNNING"

    def test_many_sessions_are_read_at_once_and_missing_ones_named(self, deadline, studio):
        known = {name: studio[name] for name in ("farmId", "queueId", "jobId", "sessionId")}
        unknown = {**known, "sessionId": deadline_id("session", "nope")}
        answer = deadline.batch_get_session(identifiers=[known, unknown])
        assert [s["workerId"] for s in answer["sessions"]] == [studio["workerId"]]
        assert [e["code"] for e in answer["errors"]] == ["ResourceNotFoundException"]
