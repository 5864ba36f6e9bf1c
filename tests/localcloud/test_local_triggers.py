"""What sets functions off: timers, the stream, the clock; and how Lambda tries again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from chalice.app import Chalice

from localcloud.clock import VirtualClock
from localcloud.cloud import TABLE, Cloud
from localcloud.conditions import Conditions
from localcloud.functions import Context
from tests.localcloud.worlds import World


def arm(world: World, when: str, payload: str = '{"meeting_id": "m"}') -> None:
    world.scheduler.create_schedule(
        Name="launch-m",
        ScheduleExpression=f"at({when})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": world.cloud.environ["LAUNCHER_ARN"],
            "RoleArn": world.cloud.environ["SCHEDULER_ROLE_ARN"],
            "Input": payload,
        },
    )


class TestTimers:
    def test_a_timer_fires_once_at_its_time_and_is_gone(self, world: World) -> None:
        arm(world, "2026-12-07T18:03:00")
        world.passes(minutes=2)
        assert not world.probe.of("launch_ec2")
        world.passes(hours=1)
        [(at, event)] = world.probe.of("launch_ec2")
        assert at == timedelta(minutes=2, seconds=30, microseconds=50_000)
        assert event == {"meeting_id": "m", "spoilt": True}
        assert not world.cloud.timers.live()

    def test_one_that_is_deleted_does_not_fire(self, world: World) -> None:
        arm(world, "2026-12-07T18:03:00")
        world.scheduler.delete_schedule(Name="launch-m")
        world.passes(hours=1)
        assert not world.probe.of("launch_ec2")

    def test_one_that_is_deleted_and_made_anew_fires_at_its_new_time_only(self, world: World) -> None:
        arm(world, "2026-12-07T18:03:00")
        world.scheduler.delete_schedule(Name="launch-m")
        arm(world, "2026-12-07T18:05:00")
        world.passes(hours=1)
        assert [at.seconds // 60 for at, _ in world.probe.of("launch_ec2")] == [4]

    def test_one_made_for_the_past_does_not_fire(self, world: World) -> None:
        arm(world, "2026-12-07T17:00:00")
        world.passes(hours=1)
        assert not world.probe.of("launch_ec2")

    def test_lost_timers_are_gone_without_a_word(self, make_world: Callable[[Conditions], World]) -> None:
        world = make_world(Conditions(lost=frozenset({"timers"})))
        arm(world, "2026-12-07T18:03:00")
        world.passes(hours=1)
        assert not world.probe.of("launch_ec2")
        assert not world.cloud.timers.live()


class TestLambda:
    def test_a_failed_event_is_tried_again_after_one_and_after_two_minutes(self, world: World) -> None:
        world.probe.failures["launch_ec2"] = 2
        world.cloud.functions.invoke_async("launch_ec2", {"meeting_id": "m"})
        world.passes(minutes=10)
        assert [round(at.total_seconds()) for at, _ in world.probe.of("launch_ec2")] == [0, 60, 180]
        assert not world.cloud.functions.dead_letters

    def test_after_the_third_failure_it_is_given_up(self, world: World) -> None:
        world.probe.failures["launch_ec2"] = 9
        world.cloud.functions.invoke_async("launch_ec2", {"meeting_id": "m"})
        world.passes(minutes=10)
        assert len(world.probe.of("launch_ec2")) == 3
        assert world.cloud.functions.dead_letters == [("launch_ec2", {"meeting_id": "m"})]

    def test_each_attempt_gets_the_event_as_it_was_sent(self, world: World) -> None:
        event: dict[str, Any] = {"meeting_id": "m"}
        assert world.cloud.functions.invoke("launch_ec2", event)
        assert event == {"meeting_id": "m"}

    def test_the_context_tells_the_function_who_it_is_and_how_long_it_may_run(self, world: World) -> None:
        world.cloud.functions.invoke("launch_ec2", {})
        context = world.probe.contexts[-1]
        assert context.function_name == "elephant-dev-launch_ec2"
        assert context.invoked_function_arn.endswith(":function:elephant-dev-launch_ec2")
        assert context.get_remaining_time_in_millis() == 50_000
        world.passes(seconds=10)
        assert context.get_remaining_time_in_millis() == 40_000

    def test_each_function_may_run_as_long_as_it_is_deployed_to(self, world: World) -> None:
        assert Context("api_handler", world.clock).get_remaining_time_in_millis() == 15_000
        assert Context("sweep", world.clock).get_remaining_time_in_millis() == 50_000

    def test_an_answer_that_is_not_json_is_a_failure(self) -> None:
        app = Chalice("probe")

        @app.lambda_function(name="launch_ec2")
        def launch_ec2(event: object, context: object) -> object:
            return {1, 2}

        with Cloud(app, VirtualClock(datetime.fromisoformat("2026-12-07T18:00:00Z"))) as cloud:
            assert not cloud.functions.invoke("launch_ec2", {})


def test_the_clocks_rule_fires_every_whole_minute_with_eventbridges_event(world: World) -> None:
    world.passes(minutes=3)
    assert [round(at.total_seconds()) for at, _ in world.probe.of("sweep")] == [30, 90, 150]
    event = world.probe.of("sweep")[0][1]
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert event["resources"] == ["arn:aws:events:us-west-2:123456789012:rule/elephant-dev-sweep"]


class TestStream:
    @staticmethod
    def told(world: World) -> list[tuple[str, str, str | None]]:
        return [
            (record["eventName"], record["dynamodb"]["Keys"]["id"]["S"], image.get("status", {}).get("S"))
            for _, event in world.probe.of("stream_terminator")
            for record in event["Records"]
            for image in [record["dynamodb"].get("NewImage", {})]
        ]

    def test_records_arrive_in_order(self, world: World) -> None:
        for status in ("SCHEDULED", "LAUNCHED", "HEALTHY"):
            world.put("m", status=status)
            world.passes(seconds=5)
        world.table.delete_item(TableName=TABLE, Key={"id": {"S": "m"}})
        world.passes(seconds=5)
        assert self.told(world) == [
            ("INSERT", "m", "SCHEDULED"),
            ("MODIFY", "m", "LAUNCHED"),
            ("MODIFY", "m", "HEALTHY"),
            ("REMOVE", "m", None),
        ]

    def test_a_record_has_the_shape_that_lambda_gets(self, world: World) -> None:
        world.put("m", status="SCHEDULED")
        world.put("m", status="LAUNCHED")
        world.passes(seconds=5)
        [(_, event)] = world.probe.of("stream_terminator")
        record = event["Records"][1]
        assert record["eventID"] != event["Records"][0]["eventID"]
        assert (record["eventSource"], record["awsRegion"]) == ("aws:dynamodb", "us-west-2")
        assert record["eventSourceARN"] == world.cloud.stream.arn
        change = record["dynamodb"]
        assert change["ApproximateCreationDateTime"] == int(world.clock.now().timestamp()) - 5
        assert change["OldImage"]["status"] == {"S": "SCHEDULED"}
        assert change["NewImage"] == {"id": {"S": "m"}, "status": {"S": "LAUNCHED"}}
        assert change["StreamViewType"] == "NEW_AND_OLD_IMAGES"
        assert change["SequenceNumber"] > event["Records"][0]["dynamodb"]["SequenceNumber"]
        assert change["SizeBytes"] > 0

    def test_bytes_arrive_as_base64_text(self, world: World) -> None:
        key = {"id": {"S": "m"}}
        world.table.put_item(TableName=TABLE, Item={**key, "photo": {"B": b"\xff\x00"}, "set": {"BS": [b"a"]}})
        world.passes(seconds=5)
        [(_, event)] = world.probe.of("stream_terminator")
        image = event["Records"][0]["dynamodb"]["NewImage"]
        assert image == {**key, "photo": {"B": "/wA="}, "set": {"BS": ["YQ=="]}}

    def test_a_write_that_changes_nothing_leaves_no_record(self, world: World) -> None:
        world.put("m", status="SCHEDULED")
        world.put("m", status="SCHEDULED")
        world.table.update_item(
            TableName=TABLE,
            Key={"id": {"S": "m"}},
            UpdateExpression="SET #s = :s",
            ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={":s": {"S": "SCHEDULED"}},
        )
        world.passes(seconds=5)
        assert self.told(world) == [("INSERT", "m", "SCHEDULED")]

    def test_a_failing_batch_is_tried_again_ever_later_and_holds_up_what_follows(self, world: World) -> None:
        world.probe.failures["stream_terminator"] = 3
        world.put("m", status="SCHEDULED")
        world.passes(seconds=5)
        world.put("n", status="SCHEDULED")
        world.passes(minutes=2)
        gaps = [round(at.total_seconds(), 1) for at, _ in world.probe.of("stream_terminator")]
        assert gaps == [0.3, 2.3, 6.3, 14.3]
        assert self.told(world)[-2:] == [("INSERT", "m", "SCHEDULED"), ("INSERT", "n", "SCHEDULED")]

    def test_records_of_a_day_ago_are_dropped_at_last(self, world: World) -> None:
        world.probe.failures["stream_terminator"] = 1_000_000
        world.put("m", status="SCHEDULED")
        world.passes(hours=25)
        world.probe.failures.clear()
        world.put("n", status="SCHEDULED")
        world.passes(minutes=2)
        assert [key for _, key, _ in self.told(world)][-1] == "n"
        assert len(world.probe.of("stream_terminator")[-1][1]["Records"]) == 1

    @pytest.mark.parametrize(
        ("conditions", "deliveries"), [(Conditions(doubled=True), 2), (Conditions(lost=frozenset({"stream"})), 0)]
    )
    def test_batches_may_come_twice_or_never(
        self, make_world: Callable[[Conditions], World], conditions: Conditions, deliveries: int
    ) -> None:
        world = make_world(conditions)
        world.put("m", status="SCHEDULED")
        world.passes(seconds=5)
        assert len(self.told(world)) == deliveries
