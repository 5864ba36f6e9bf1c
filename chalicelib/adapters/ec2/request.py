"""What RunInstances is asked for: everything but the token. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.ec2.volumes import mappings
from chalicelib.domain.actions import Attempt
from chalicelib.domain.model import PROJECT
from chalicelib.domain.rows import timestamp
from chalicelib.environment import DesktopSettings
from chalicelib.settings import Client

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import TagTypeDef


def request(
    settings: DesktopSettings, image: Mapping[str, Any], attempt: Attempt, tags: Sequence[TagTypeDef], script: str
) -> dict[str, Any]:
    """Return what to launch for an attempt: the same, whoever asks and whenever. `script` is the user data."""
    profile = "Arn" if settings.iam_profile.startswith("arn:") else "Name"
    asked: dict[str, Any] = {
        "ImageId": image["ImageId"],
        "InstanceType": settings.instance_type,
        # Asked for here, a public address does not depend on what the subnet gives by itself.
        "NetworkInterfaces": [
            {
                "DeviceIndex": 0,
                "SubnetId": attempt.subnet,
                "Groups": list(settings.security_group_ids),
                "AssociatePublicIpAddress": True,
                "DeleteOnTermination": True,
            }
        ],
        "IamInstanceProfile": {profile: settings.iam_profile},
        "MinCount": 1,
        "MaxCount": 1,
        "InstanceInitiatedShutdownBehavior": "terminate",
        "MetadataOptions": {
            # The scripts of the seeds' images ask for the instance id without a token.
            "HttpTokens": "optional" if settings.client is Client.SCRIPTS else "required",
            "HttpPutResponseHopLimit": 1,
            "InstanceMetadataTags": "enabled",
        },
        "TagSpecifications": [{"ResourceType": kind, "Tags": list(tags)} for kind in ("instance", "volume")],
    }
    if volumes := mappings(image, settings.volume_gib, settings.kms_key):
        asked["BlockDeviceMappings"] = volumes
    if settings.key_name:
        asked["KeyName"] = settings.key_name
    if script:
        asked["UserData"] = script
    return asked


def tags(
    settings: DesktopSettings, stage: str, meeting_id: str, attempt: Attempt, deadline: datetime
) -> list[TagTypeDef]:
    """Return the tags by which a desktop is found, and known to be ours; with the kit it learns there whom to ask."""
    texts = {
        "Name": f"{meeting_id}_{attempt.role}",
        "MeetingID": meeting_id,
        "Role": attempt.role.value,
        "Project": PROJECT,
        "Stage": stage,
    }
    if settings.client is Client.KIT and settings.api_url:
        texts["Api"] = settings.api_url
    listed: list[TagTypeDef] = [{"Key": key, "Value": value} for key, value in texts.items()]
    return [*listed, deadline_tag(deadline)]


def deadline_tag(deadline: datetime) -> TagTypeDef:
    """Return the tag that bears a deadline, which a desktop's guard obeys."""
    return {"Key": "Deadline", "Value": timestamp(deadline)}
