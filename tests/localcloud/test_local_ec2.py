"""What the embedded EC2 promises beyond moto: launch tokens, timed states, full zones, a lag."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from localcloud.conditions import Conditions
from tests.localcloud.worlds import World


def refusal(excinfo: pytest.ExceptionInfo[ClientError]) -> str:
    return str(excinfo.value.response["Error"]["Code"])


class TestTokens:
    def test_the_same_token_and_parameters_tell_of_the_same_instance_as_it_is_now(self, world: World) -> None:
        first = world.launch()
        world.passes(minutes=1)
        again = world.launch()
        assert again["InstanceId"] == first["InstanceId"]
        assert (first["State"]["Name"], again["State"]["Name"]) == ("pending", "running")
        assert len(world.cloud.ec2.lives) == 1

    def test_the_same_token_in_another_zone_launches_again(self, world: World) -> None:
        assert world.launch()["InstanceId"] != world.launch(zone="us-west-2b")["InstanceId"]

    def test_other_parameters_are_refused(self, world: World) -> None:
        world.launch()
        with pytest.raises(ClientError) as excinfo:
            world.launch(InstanceType="t3.xlarge")
        assert refusal(excinfo) == "IdempotentParameterMismatch"

    def test_the_token_of_an_instance_that_is_gone_is_refused(self, world: World) -> None:
        gone = world.launch()["InstanceId"]
        world.ec2.terminate_instances(InstanceIds=[gone])
        world.passes(minutes=2)
        with pytest.raises(ClientError) as excinfo:
            world.launch()
        assert refusal(excinfo) == "IdempotentInstanceTerminated"

    def test_a_token_leads_to_its_holder(self, world: World) -> None:
        holder = world.launch()["InstanceId"]
        world.launch(token="another")
        answer = world.ec2.describe_instances(Filters=[{"Name": "client-token", "Values": ["token"]}])
        [[found]] = [reservation["Instances"] for reservation in answer["Reservations"]]
        assert (found["InstanceId"], found["ClientToken"]) == (holder, "token")

    def test_without_a_token_every_launch_counts(self, world: World) -> None:
        request = {"ImageId": "ami-1a2b3c4d", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        for _ in range(2):
            world.ec2.run_instances(**request)
        assert len(world.cloud.ec2.lives) == 2


class TestStates:
    def test_an_instance_runs_after_a_while_and_has_its_address_only_then(self, world: World) -> None:
        instance = world.launch()
        assert instance["LaunchTime"] == world.clock.now()
        assert "PublicIpAddress" not in instance
        world.passes(seconds=19)
        assert world.look(instance["InstanceId"])["State"]["Name"] == "pending"
        world.passes(seconds=12)
        running = world.look(instance["InstanceId"])
        assert running["State"]["Name"] == "running"
        assert running["PublicIpAddress"]

    def test_termination_takes_a_while_and_the_instance_is_listed_for_an_hour(self, world: World) -> None:
        instance_id = world.launch()["InstanceId"]
        world.passes(minutes=1)
        answer = world.ec2.terminate_instances(InstanceIds=[instance_id])["TerminatingInstances"][0]
        assert (answer["PreviousState"]["Name"], answer["CurrentState"]["Name"]) == ("running", "shutting-down")
        assert world.look(instance_id)["State"]["Name"] == "shutting-down"
        world.passes(minutes=1)
        gone = world.look(instance_id)
        assert gone["State"]["Name"] == "terminated"
        assert "PublicIpAddress" not in gone
        world.passes(minutes=60)
        with pytest.raises(ClientError) as excinfo:
            world.look(instance_id)
        assert refusal(excinfo) == "InvalidInstanceID.NotFound"

    def test_one_that_is_terminated_while_pending_never_runs(self, world: World) -> None:
        instance_id = world.launch()["InstanceId"]
        world.ec2.terminate_instances(InstanceIds=[instance_id])
        world.passes(minutes=2)
        assert list(world.cloud.ec2.lives[instance_id].since) == ["pending", "shutting-down", "terminated"]

    def test_terminating_twice_changes_nothing(self, world: World) -> None:
        instance_id = world.launch()["InstanceId"]
        for _ in range(2):
            world.ec2.terminate_instances(InstanceIds=[instance_id])
        world.passes(minutes=2)
        world.ec2.terminate_instances(InstanceIds=[instance_id])
        assert world.look(instance_id)["State"]["Name"] == "terminated"

    @pytest.mark.parametrize(("behaviour", "end"), [("terminate", "terminated"), ("stop", "stopped")])
    def test_a_shutdown_from_inside_does_what_the_launch_asked_for(
        self, world: World, behaviour: str, end: str
    ) -> None:
        instance_id = world.launch(InstanceInitiatedShutdownBehavior=behaviour)["InstanceId"]
        world.passes(minutes=1)
        world.cloud.ec2.shut_down(instance_id)
        world.passes(minutes=1)
        assert world.look(instance_id)["State"]["Name"] == end


def test_a_full_zone_refuses_as_ec2_does_and_launches_nothing(make_world: Callable[[Conditions], World]) -> None:
    world = make_world(Conditions(full_zones=frozenset({"us-west-2a"})))
    with pytest.raises(ClientError) as excinfo:
        world.launch()
    assert refusal(excinfo) == "InsufficientInstanceCapacity"
    assert excinfo.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert not world.cloud.ec2.lives
    assert world.launch(zone="us-west-2b")["Placement"]["AvailabilityZone"] == "us-west-2b"


def test_a_launched_instance_may_not_show_at_first(make_world: Callable[[Conditions], World]) -> None:
    world = make_world(Conditions(blind_s=10))
    instance_id = world.launch()["InstanceId"]
    assert not world.ec2.describe_instances()["Reservations"]
    with pytest.raises(ClientError) as excinfo:
        world.look(instance_id)
    assert refusal(excinfo) == "InvalidInstanceID.NotFound"
    world.passes(seconds=10)
    assert world.look(instance_id)["InstanceId"] == instance_id


def test_running_and_shutting_down_are_told_in_awss_own_envelope(world: World) -> None:
    instance_id = world.launch()["InstanceId"]
    world.passes(minutes=1)
    world.ec2.terminate_instances(InstanceIds=[instance_id])
    world.passes(minutes=1)
    (_, running), (_, ending) = world.probe.of("dns_watchdog")
    assert set(running) == {
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"
    }  # fmt: skip
    assert running["source"] == "aws.ec2"
    assert running["detail-type"] == "EC2 Instance State-change Notification"
    assert running["resources"] == [f"arn:aws:ec2:us-west-2:123456789012:instance/{instance_id}"]
    assert running["detail"] == {"instance-id": instance_id, "state": "running"}
    assert ending["detail"] == {"instance-id": instance_id, "state": "shutting-down"}


def test_a_rule_that_asks_for_tags_never_matches_as_on_aws(world: World) -> None:
    world.launch(TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Project", "Value": "Elephant"}]}])
    world.passes(minutes=1)
    assert not world.probe.of("by_tags")


def test_events_may_be_lost_or_doubled(make_world: Callable[[Conditions], World]) -> None:
    world = make_world(Conditions(doubled=True))
    world.launch()
    world.passes(seconds=40)
    (first, event), (second, same) = world.probe.of("dns_watchdog")
    assert event == same
    assert second - first < timedelta(seconds=1)


def test_lost_events_do_not_arrive(make_world: Callable[[Conditions], World]) -> None:
    world = make_world(Conditions(lost=frozenset({"ec2 events"})))
    world.launch()
    world.passes(minutes=1)
    assert not world.probe.of("dns_watchdog")
