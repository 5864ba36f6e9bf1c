"""Fast Launch: EC2 prepares first boots of a Windows image, so that a desktop is there in a third of the time.

It is turned on where the stage's file asks for it, by a deploy, and off when the stage is taken away. What somebody
else has turned on for an image is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from botocore.exceptions import ClientError

from chalicelib.adapters.ec2.images import resolve
from chalicelib.domain.errors import ElephantError, LaunchRefused
from chalicelib.settings import image_parameter
from tools import images
from tools.account import Clients
from tools.stage import Stage

PARALLEL_LAUNCHES = 6
"""The fewest that EC2 takes; 40 a Region are shared by all images."""

_ON = ("enabling", "enabled")


def state_of(ami_id: str, client: Clients) -> tuple[str, str]:
    """Return the state of an image's Fast Launch as EC2 spells it, empty where it is off, and why it is in it."""
    found = client("ec2").describe_fast_launch_images(ImageIds=[ami_id])["FastLaunchImages"]
    return (found[0].get("State", ""), found[0].get("StateTransitionReason", "")) if found else ("", "")


def wire(stage: Stage, client: Clients) -> list[str]:
    """Turn it on where the stage asks for it; return what had to be changed, and what kept it from being turned on."""
    if not stage.fast_launch:
        return []
    try:
        ami_id = _image(stage, client)
        if state_of(ami_id, client)[0] in _ON:
            return []
        client("ec2").enable_fast_launch(
            ImageId=ami_id,
            ResourceType="snapshot",
            SnapshotConfiguration={"TargetResourceCount": stage.at_once},
            MaxParallelLaunches=PARALLEL_LAUNCHES,
        )
    except (ClientError, ElephantError) as error:  # desktops boot without it, only later
        return [f"Fast Launch could not be turned on for {stage.ami_id}: {error}"]
    return [f"Fast Launch is being turned on for {ami_id}"]


def unwire(stage: Stage, client: Clients, built: Iterable[str] = ()) -> None:
    """Turn off what a deploy has turned on, and what building has for the images in `built`: its snapshots cost."""
    if not stage.fast_launch:
        return
    ami_ids = {*built}
    with suppress(LaunchRefused):  # nothing names an image any more
        ami_ids |= {_image(stage, client)} - {""}
    for ami_id in sorted(ami_ids):
        if state_of(ami_id, client)[0] in _ON:
            client("ec2").disable_fast_launch(ImageId=ami_id)


def _image(stage: Stage, client: Clients) -> str:
    """Return the id of the image that the file names, or of the newest that was built; empty where there is none."""
    parameter = image_parameter(stage.ami_id)
    return resolve(client("ssm"), parameter) if parameter else stage.ami_id or images.built(stage, client)
