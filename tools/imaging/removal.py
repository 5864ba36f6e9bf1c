"""Takes a stage's pipeline away: the bucket with the kit, the builds' records, the stack. Images stay."""

from __future__ import annotations

from typing import Any

from tools.account import Clients
from tools.errors import ignore_not_found
from tools.imaging import assets
from tools.imaging.builds import Builds
from tools.stack import Stack
from tools.stage import Stage, StageError


def stack_of(stage: Stage, client: Clients) -> Stack:
    """Return the stack of the stage's pipeline."""
    return Stack(client, f"{stage.stack}-image")


def refuse_while_building(stage: Stage, client: Clients) -> None:
    """Refuse to take anything away while an image is being built.

    Raises:
        StageError: one is; what ends it is said.
    """
    builds = _builds(stage, client)
    if builds and (going_on := builds.running()):
        cancel = f"aws imagebuilder cancel-image-creation --region {stage.region} --image-build-version-arn "
        raise StageError(
            f"an image of stage {stage.name} is being built since {going_on.begun_at or 'a moment ago'}. Wait until "
            f"that has ended (make image STAGE={stage.name} follows it), or end it: {cancel}{going_on.arn}"
        )


def remove(stage: Stage, client: Clients) -> None:
    """Take the pipeline away; what is gone already is fine.

    Raises:
        StageError: the stack could not be deleted; run it again then.
    """
    stack = stack_of(stage, client)
    if not stack.exists():
        return
    if builds := _builds(stage, client):
        for build in builds.all():  # a recipe is not deleted while a build's record rests on it; the image itself stays
            with ignore_not_found():
                builds.client.delete_image(imageBuildVersionArn=build.arn)
    if bucket := stack.physical("Assets"):
        assets.empty(client("s3"), bucket)
    stack.down()


def _builds(stage: Stage, client: Clients) -> Builds | None:
    pipeline: Any = stack_of(stage, client).current().get("PipelineArn")
    return Builds(client("imagebuilder"), client("logs"), pipeline, stage.region) if pipeline else None
