"""Desktops on EC2: launched once per attempt, found by their tags, ended for good."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.userdata import user_data
from chalicelib.domain.actions import Attempt
from chalicelib.domain.errors import AttemptSpent, LaunchRefused, NoCapacity, Unavailable
from chalicelib.domain.model import PROJECT, Desktop, Owner, Role, State
from chalicelib.domain.rows import parse_time, timestamp
from chalicelib.settings import DesktopSettings

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef, ImageTypeDef, InstanceTypeDef, TagTypeDef

NO_ROOM = frozenset(
    {
        "InsufficientInstanceCapacity",
        "InsufficientFreeAddressesInSubnet",
        "UnfulfillableCapacity",
        "Unsupported",
    }
)
"""EC2's ways of saying: not in this subnet."""

PASSING = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "Unavailable",
    }
)
"""EC2's ways of saying: not now. Whether anything was launched is then not known."""

NO_ROOM_LASTS = timedelta(minutes=3)
LAYOUT_LASTS = timedelta(hours=6)
_PAGE = 1000
_KNOWN_AT_MOST = 4096
_IDS_IN_A_FILTER = 200
_REFUSES_ALL_FOR_ONE = ("InvalidInstanceID", "OperationNotPermitted", "UnauthorizedOperation")


class Ec2Desktops:
    """The port `Desktops`. One instance lives as long as its container and remembers what is slow to change."""

    def __init__(
        self,
        client: EC2Client,
        launcher: Callable[[], EC2Client],
        stage: str,
        settings: Callable[[], DesktopSettings],
        clock: Callable[[], datetime],
    ) -> None:
        """Take as factories what only a launch needs: its settings, and a client that does not try again by itself.

        EC2 says that a zone is full with a status that the SDK would retry.
        """
        self._client = client
        self._launcher = launcher
        self._stage = stage
        self._settings = settings
        self._clock = clock
        self._known: dict[str, Desktop] = {}
        self._no_room_until: dict[str, datetime] = {}
        self._layout: tuple[datetime, list[str]] | None = None
        self._images: dict[str, ImageTypeDef] = {}

    # --- looking

    def of_meeting(self, meeting_id: str, named: Collection[str]) -> list[Desktop]:
        """Return what EC2 shows of this meeting's desktops: those tagged with it, and those the row names."""
        tagged = [_tag_is("Project", PROJECT), _tag_is("MeetingID", meeting_id)]
        found = [desktop for page in self._describe(tagged) for desktop in page if desktop.meeting_id == meeting_id]
        rest = [name for name in named if name not in {desktop.id for desktop in found}]
        return found + self.named(rest)

    def named(self, desktop_ids: Collection[str]) -> list[Desktop]:
        """Return what EC2 shows of these instances as they are now, whosever they are."""
        found: list[Desktop] = []
        ids = sorted(desktop_ids)
        for start in range(0, len(ids), _IDS_IN_A_FILTER):
            some = ids[start : start + _IDS_IN_A_FILTER]
            found += [desktop for page in self._describe([_ids_are(some)]) for desktop in page if desktop.id in some]
        return found

    def find(self, desktop_id: str) -> Desktop | None:
        """Return this instance as it is now, None where EC2 shows none."""
        desktop = next(iter(self.named([desktop_id])), None)
        if len(self._known) >= _KNOWN_AT_MOST:
            self._known.clear()
        if desktop:
            self._known[desktop_id] = desktop
        return desktop

    def whose(self, desktop_id: str) -> Desktop | None:
        """Return this instance as it was when its tags were last read: enough to tell whose it is."""
        return self._known.get(desktop_id) or self.find(desktop_id)

    def fleet(self) -> Iterator[list[Desktop]]:
        """Yield every instance of the project and this stage, dead ones too, a page at a time."""
        for page in self._describe([_tag_is("Project", PROJECT)]):
            yield [desktop for desktop in page if desktop.owner is not Owner.FOREIGN]

    def _describe(self, filters: Sequence[FilterTypeDef]) -> Iterator[list[Desktop]]:
        paginator = self._client.get_paginator("describe_instances")
        with _reporting("The instances could not be described"):
            for page in paginator.paginate(Filters=list(filters), PaginationConfig={"PageSize": _PAGE}):
                yield [
                    self._understand(instance)
                    for reservation in page["Reservations"]
                    for instance in reservation.get("Instances", [])
                ]

    def _understand(self, instance: InstanceTypeDef) -> Desktop:
        tags = {tag.get("Key"): tag.get("Value", "") for tag in instance.get("Tags", [])}
        owner = Owner.FOREIGN
        if tags.get("Project") == PROJECT and tags.get("Stage", self._stage) == self._stage:
            owner = Owner.OURS if "Stage" in tags else Owner.BY_HAND
        return Desktop(
            id=instance["InstanceId"],
            state=State(instance["State"]["Name"]),
            owner=owner,
            meeting_id=tags.get("MeetingID") or None,
            role=next((role for role in Role if role == tags.get("Role")), None),
            address=instance.get("PublicIpAddress"),
            launched_at=launched_at.astimezone(UTC) if (launched_at := instance.get("LaunchTime")) else None,
            deadline=_moment(tags.get("Deadline")),
        )

    # --- launching

    def subnets(self) -> list[str]:
        """Return the default VPC's subnets, the best first; those that lately had no room come last."""
        now = self._clock()
        if self._layout is None or now >= self._layout[0] + LAYOUT_LASTS:
            self._layout = (now, self._find_subnets())
        return sorted(self._layout[1], key=lambda subnet: self._no_room_until.get(subnet, now) > now)

    def _find_subnets(self) -> list[str]:
        zones = self._settings().supported_azs
        with _reporting("The default VPC's subnets could not be listed"):
            vpcs = self._client.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
            if not vpcs:
                raise LaunchRefused(
                    "This Region has no default VPC; make one with `aws ec2 create-default-vpc`.",
                    "NoDefaultVpc",
                )
            of_vpc: FilterTypeDef = {"Name": "vpc-id", "Values": [vpcs[0].get("VpcId", "")]}
            found = self._client.describe_subnets(Filters=[of_vpc])["Subnets"]
        usable = [subnet for subnet in found if not zones or subnet.get("AvailabilityZone") in zones]
        if not usable:
            raise LaunchRefused(
                f"The default VPC has no subnet in SUPPORTED_AZS ({', '.join(zones) or 'any zone'}).",
                "NoSubnet",
            )

        def preference(subnet: Any) -> tuple[int, str, str]:
            zone = subnet.get("AvailabilityZone", "")
            return (zones.index(zone) if zone in zones else 0, zone, subnet["SubnetId"])

        return [subnet.get("SubnetId", "") for subnet in sorted(usable, key=preference)]

    def launch(self, meeting_id: str, attempt: Attempt, deadline: datetime) -> Desktop:
        """Launch the desktop of this attempt, or return the one that it has launched already."""
        token = self._token(meeting_id, attempt)
        try:
            reply = self._launcher().run_instances(**self._request(meeting_id, attempt, deadline, token))
        except ClientError as error:
            return self._refused(error, attempt, token)
        except BotoCoreError as error:
            raise Unavailable(f"EC2 did not answer the launch for the {attempt.role}: {error}") from error
        return self._understand(reply["Instances"][0])

    def _token(self, meeting_id: str, attempt: Attempt) -> str:
        """Return the token of one attempt in one subnet: in another zone the same token would launch again."""
        parts = (self._stage, meeting_id, attempt.role, attempt.number, attempt.subnet)
        return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()

    def _request(self, meeting_id: str, attempt: Attempt, deadline: datetime, token: str) -> dict[str, Any]:
        settings = self._settings()
        image = self._image(settings.ami_id)
        root = image.get("RootDeviceName", "/dev/sda1")
        mappings = image.get("BlockDeviceMappings", [])
        in_image = [m.get("Ebs", {}).get("VolumeSize", 0) for m in mappings if m.get("DeviceName") == root]
        volume = {
            "VolumeSize": max([settings.volume_gib, *in_image]),
            "VolumeType": "gp3",
            "DeleteOnTermination": True,
        }
        texts = {
            "Name": f"{meeting_id}_{attempt.role}",
            "MeetingID": meeting_id,
            "Role": attempt.role.value,
            "Project": PROJECT,
            "Stage": self._stage,
        }
        tags = [{"Key": key, "Value": value} for key, value in texts.items()] + [_deadline_tag(deadline)]
        profile = "Arn" if settings.iam_profile.startswith("arn:") else "Name"
        request: dict[str, Any] = {
            "ImageId": settings.ami_id,
            "InstanceType": settings.instance_type,
            "SecurityGroupIds": list(settings.security_group_ids),
            "SubnetId": attempt.subnet,
            "IamInstanceProfile": {profile: settings.iam_profile},
            "MinCount": 1,
            "MaxCount": 1,
            "InstanceInitiatedShutdownBehavior": "terminate",
            "ClientToken": token,
            "BlockDeviceMappings": [{"DeviceName": root, "Ebs": volume}],
            "MetadataOptions": {
                "HttpTokens": "required",
                "HttpPutResponseHopLimit": 1,
                "InstanceMetadataTags": "enabled",
            },
            "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
        }
        if settings.key_name:
            request["KeyName"] = settings.key_name
        if script := user_data(settings.guest, deadline):
            request["UserData"] = script
        return request

    def _image(self, ami_id: str) -> ImageTypeDef:
        if ami_id not in self._images:
            try:
                with _reporting(f"The image {ami_id} could not be described"):
                    found = self._client.describe_images(ImageIds=[ami_id])["Images"]
            except Unavailable as error:
                code = _code(error.__cause__)
                if code.startswith("InvalidAMIID"):
                    raise LaunchRefused(f"AMI_ID names an image that is not there: {error}", code) from error
                raise
            if not found:
                raise LaunchRefused(f"AMI_ID names {ami_id}, which does not exist in this Region.", "InvalidAMIID")
            self._images[ami_id] = found[0]
        return self._images[ami_id]

    def _refused(self, error: ClientError, attempt: Attempt, token: str) -> Desktop:
        code = _code(error)
        message = f"EC2 refused the {attempt.role}'s desktop in {attempt.subnet}: {error}"
        if code in NO_ROOM:
            self._no_room_until[attempt.subnet or ""] = self._clock() + NO_ROOM_LASTS
            raise NoCapacity(message) from error
        if code in PASSING or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400) >= 500:
            raise Unavailable(message) from error
        if code == "IdempotentParameterMismatch":
            # Launched with settings that have changed since: it is this attempt's desktop all the same.
            holders = [d for page in self._describe([{"Name": "client-token", "Values": [token]}]) for d in page]
            if not holders:  # there is one, EC2 just does not show it yet
                raise Unavailable(message) from error
            if holders[0].state.must_be_ended:
                return holders[0]
        if code in ("IdempotentParameterMismatch", "IdempotentInstanceTerminated"):
            raise AttemptSpent(message, code) from error
        self._layout = None  # a subnet or an image may have been exchanged since it was looked up
        self._images.clear()
        raise LaunchRefused(message, code) from error

    # --- ending

    def rearm(self, desktop_ids: Collection[str], deadline: datetime) -> None:
        """Let these instances bear this deadline (UTC) from now on."""
        with _reporting(f"The deadline of {', '.join(desktop_ids)} could not be changed"):
            self._client.create_tags(Resources=list(desktop_ids), Tags=[_deadline_tag(deadline)])

    def terminate(self, desktop_ids: Collection[str]) -> None:
        """End these instances for good; one that is gone already is fine.

        For one that is unknown, protected by hand or not ours EC2 may refuse them all, so then they
        are ended one by one.
        """
        ids = list(desktop_ids)
        if not ids:
            return
        try:
            with _reporting(f"These instances could not be terminated: {', '.join(ids)}"):
                self._client.terminate_instances(InstanceIds=ids)
        except Unavailable as refused:
            code = _code(refused.__cause__)
            if len(ids) > 1 and code.startswith(_REFUSES_ALL_FOR_ONE):
                self._terminate_each(ids)
            elif not code.startswith("InvalidInstanceID"):
                raise

    def _terminate_each(self, ids: Collection[str]) -> None:
        failures = []
        for desktop_id in ids:
            try:
                self.terminate([desktop_id])
            except Unavailable as error:
                failures.append(error)
        if failures:
            raise failures[0]


@contextmanager
def _reporting(what: str) -> Iterator[None]:
    """Turn what boto3 raises inside into `Unavailable`, with the thing it was about."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise Unavailable(f"{what}: {error}") from error


def _code(error: BaseException | None) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def _deadline_tag(deadline: datetime) -> TagTypeDef:
    return {"Key": "Deadline", "Value": timestamp(deadline)}


def _moment(text: str | None) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except ValueError:
        return None


def _tag_is(key: str, value: str) -> FilterTypeDef:
    return {"Name": f"tag:{key}", "Values": [_literally(value)]}


def _ids_are(ids: Sequence[str]) -> FilterTypeDef:
    return {"Name": "instance-id", "Values": [_literally(name) for name in ids]}


def _literally(text: str) -> str:
    """Return a filter value that means just this: EC2 takes * and ? for wildcards, and rows are written by hand."""
    return re.sub(r"([\\*?])", r"\\\1", text)
