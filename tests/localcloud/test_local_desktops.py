"""What the desktops do to the table: word for word what the image in people's accounts does."""

from __future__ import annotations

from localcloud.ledger import APP, DESKTOP
from tests.localcloud.worlds import World


def boot(world: World, status: str = "LAUNCHED") -> str:
    instance_id: str = world.launch()["InstanceId"]
    world.put("m", teacher_ec2_id=instance_id, status=status)
    world.passes(minutes=5)
    return instance_id


def test_a_desktop_boots_finds_its_meeting_and_says_healthy(world: World) -> None:
    instance_id = boot(world)
    [row] = world.cloud.rows()
    assert row == {"id": "m", "teacher_ec2_id": instance_id, "status": "HEALTHY", "instance_id": instance_id}


def test_it_writes_without_looking_so_that_a_meeting_that_is_over_is_overwritten(world: World) -> None:
    boot(world, status="TERMINATED")
    assert world.cloud.rows()[0]["status"] == "HEALTHY"


def test_it_looks_again_while_no_row_names_it(world: World) -> None:
    instance_id = world.launch()["InstanceId"]
    world.passes(minutes=5)
    world.put("m", student_ec2_id=instance_id)
    world.passes(seconds=15)
    assert world.cloud.rows()[0]["status"] == "HEALTHY"
    assert world.cloud.desktops.all[instance_id].role == "student"


def test_it_uploads_under_its_own_role(world: World) -> None:
    instance_id = boot(world)
    world.cloud.desktops.all[instance_id].upload()
    assert world.cloud.rows()[0]["teacher_session_data"].startswith("https://")


def test_one_that_is_gone_writes_nothing(world: World) -> None:
    instance_id = world.launch()["InstanceId"]
    world.put("m", teacher_ec2_id=instance_id, status="LAUNCHED")
    world.passes(minutes=1)
    world.cloud.ec2.shut_down(instance_id)
    world.passes(minutes=5)
    world.cloud.desktops.all[instance_id].upload()
    assert world.cloud.rows() == [{"id": "m", "teacher_ec2_id": instance_id, "status": "LAUNCHED"}]


def test_an_instance_of_another_image_is_no_desktop(world: World) -> None:
    instance_id = world.launch(ImageId="ami-1a2b3c4d")["InstanceId"]
    world.put("m", teacher_ec2_id=instance_id, status="LAUNCHED")
    world.passes(minutes=5)
    assert world.cloud.rows()[0]["status"] == "LAUNCHED"


def test_the_ledger_keeps_the_desktops_calls_apart_from_the_apps(world: World) -> None:
    boot(world)
    assert {call.operation for call in world.cloud.ledger.of(DESKTOP)} == {"Scan", "UpdateItem"}
    assert not world.cloud.ledger.of(APP)
