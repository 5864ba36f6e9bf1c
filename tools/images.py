"""Which image a stage's desktops have: the one that its file names, or the newest that `make image` has built for it.

A new image is used by nobody until a deploy: that looks up which is the newest, and hands the functions its id.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.adapters.ec2.images import resolve
from chalicelib.domain.errors import LaunchRefused
from chalicelib.domain.model import PROJECT
from tools.account import Account, Clients
from tools.findings import as_aws_said
from tools.stage import APP, Stage, StageError

GIB_MONTH = 0.05
"""What a GiB of a snapshot costs a month at most, in US dollars: only what is written on the volume is charged."""


def parameter(stage: Stage) -> str:
    """Return the name of the SSM parameter that names the stage's newest image; Image Builder may write no other."""
    return f"/imagebuilder/{APP}/{stage.name}/image"


def built(stage: Stage, client: Clients) -> str:
    """Return the id of the newest image that was built for the stage, empty where none was.

    Raises:
        botocore.exceptions.ClientError: the parameter may not be read, or SSM does not answer.
    """
    try:
        return resolve(client("ssm"), parameter(stage))
    except LaunchRefused as error:
        if error.code == "ParameterNotFound":
            return ""
        cause = as_aws_said(error)
        if cause is error:
            raise StageError(f"{error} Run make image STAGE={stage.name}, which writes it.") from error
        raise cause from error


def pinned(stage: Stage, client: Clients) -> Stage:
    """Return the stage with an image: what its file names, or else the newest that was built for it, by its id.

    Raises:
        StageError: there is none.
    """
    if stage.ami_id:
        return stage
    if found := built(stage, client):
        return replace(stage, ami_id=found)
    raise StageError(
        f"there is no image for desktops of stage {stage.name} yet, and nothing was changed: run make image "
        f"STAGE={stage.name}, which builds one, or name one of your own as desktops.ami_id in stages/{stage.name}.toml."
    )


def own(stage: Stage, account: Account, client: Clients) -> list[dict[str, Any]]:
    """Return the images that were built for the stage, the newest first, as EC2 describes them."""
    tags = {"Project": PROJECT, "Stage": stage.name}
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    found = client("ec2").describe_images(Owners=[account.id], Filters=filters)["Images"]
    return sorted(found, key=lambda image: str(image.get("CreationDate", "")), reverse=True)


def tags(image: dict[str, Any]) -> dict[str, str]:
    """Return an image's tags."""
    return {tag["Key"]: tag["Value"] for tag in image.get("Tags", [])}


def gib(image: dict[str, Any]) -> int:
    """Return the GiB of an image's volumes, which its snapshots take at most."""
    return sum(mapping.get("Ebs", {}).get("VolumeSize", 0) for mapping in image.get("BlockDeviceMappings", []))


def removal(stage: Stage, image: str) -> str:
    """Return the command that takes an image away with its snapshots."""
    return f"aws ec2 deregister-image --region {stage.region} --image-id {image} --delete-associated-snapshots"
