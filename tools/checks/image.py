"""The desktops' image: that it is there, the keys of its volumes, and whether Windows' first boot can be prepared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.ec2.images import resolve
from chalicelib.adapters.ec2.refusals import Kind, kind_of
from chalicelib.adapters.ec2.volumes import lacks, root_of
from chalicelib.domain.errors import LaunchRefused, Unavailable
from chalicelib.settings import Client, image_parameter
from desktop import PROTOCOL
from tools import images
from tools.errors import code_of
from tools.fast_launch import state_of
from tools.findings import Finding, as_aws_said, as_sentence, fail, ok, warn
from tools.site import Site
from tools.stage import StageError

OLD = timedelta(days=90)
"""How old an image may be before it is told: by then three rounds of security updates are missing in it."""

_DIES = "a desktop would die as soon as it is launched"


class _NoImage(Exception):
    """There is no image to look at; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


def image(site: Site) -> Iterator[Finding]:
    """The image exists, is ready, fits the volume, and may be launched."""
    try:
        described = _described(site)
    except _NoImage as none:
        yield none.finding
        return
    ami, another = described["ImageId"], _another(site)
    if described["State"] != "available":
        wait = site.aws(f"ec2 wait image-available --image-ids {ami}")
        yield fail(f"the image {ami} is {described['State']}", wait if described["State"] == "pending" else another)
        return
    root, size = described.get("RootDeviceName", ""), root_of(described).get("VolumeSize", 0)
    if not root_of(described):
        yield fail(f"the image {ami} has no EBS volume at its root device {root or '(none)'}", another)
        return
    yield ok(f"the image {ami} is available; its root device is {root}, {size} GiB")
    if size > site.stage.volume_gib:
        yield warn(
            f"the image needs {size} GiB, more than volume_gib; its own size is used",
            f"set desktops.volume_gib = {size} in {site.file}",
        )
    if described.get("Platform") != "windows":
        yield warn(f"the image {ami} does not run Windows", "fine where desktops run Linux; else " + another)
    owner = described.get("ImageOwnerAlias") or described.get("OwnerId")
    if image_parameter(site.ami_id) and owner not in (site.account.id, "amazon"):
        yield fail(
            f"{site.ami_id} names an image of {owner}, and the functions may launch this account's and Amazon's",
            f"let it name a copy: {site.aws('ec2 copy-image')} --source-region {site.stage.region} "
            f'--source-image-id {ami} --name elephant; or write desktops.ami_id = "{ami}" in {site.file}',
        )


def agent(site: Site) -> Iterator[Finding]:
    """The image is not old, its agent and the app understand each other, and the newest is the one that is deployed."""
    try:
        described = _described(site)
    except _NoImage:
        return  # that is said already
    ami, tags = described["ImageId"], images.tags(described)
    another = f"{site.make('image')}, then {site.make('deploy')}"
    if (days := _days_old(described, site)) is None:
        yield warn(f"nothing says when the image {ami} was made", another)
    elif days > OLD.days:
        yield warn(
            f"the image {ami} is {days} days old: what Windows or Ubuntu has repaired since is not in it", another
        )
    else:
        yield ok(f"the image {ami} is {days} days old")
    if site.desktop_client is Client.KIT:
        yield _understood(ami, tags, another)
    if site.stage.ami_id:
        return
    try:
        newest = _newest(site)
    except _NoImage as none:  # desktops have the one that is deployed
        yield warn(f"{none.finding.what}: the next deploy will be refused", none.finding.remedy)
        return
    if newest != ami:
        yield warn(f"desktops have the image {ami}, and {newest} was built since", site.make("deploy"))


def _understood(ami: str, tags: Mapping[str, str], another: str) -> Finding:
    """Return whether the agent of an image of the kit's speaks as the app does."""
    speaks = tags.get("Protocol", "")
    if not speaks.isdecimal():
        what = f"which agent the image {ami} has cannot be told: it has no tag Protocol, so make image did not build it"
        return warn(what, "see that it has what docs/deploy.md#an-image-of-your-own lists, then tag it")
    if int(speaks) < PROTOCOL:
        return fail(f"the agent of the image {ami} speaks protocol {speaks}, and this app {PROTOCOL}", another)
    if int(speaks) > PROTOCOL:
        newer = "deploy from the copy of the project that built it, or name an older image as desktops.ami_id"
        return fail(f"the agent of the image {ami} speaks protocol {speaks}, and this app only {PROTOCOL}", newer)
    made = f", of Elephant {tags['Version']}" if "Version" in tags else ""
    return ok(f"the agent of the image {ami}{made}, and the app understand each other")


def _days_old(described: Mapping[str, Any], site: Site) -> int | None:
    """Return how many days ago an image was made; None where EC2 does not say."""
    try:
        made = datetime.fromisoformat(str(described.get("CreationDate", "")))
    except ValueError:
        return None
    return (site.now() - (made if made.tzinfo else made.replace(tzinfo=UTC))).days


def encryption(site: Site) -> Iterator[Finding]:
    """The functions may use the customer keys that desktops' volumes are encrypted with."""
    try:
        keys = _keys(site, _described(site))
    except _NoImage:
        return  # that is said already
    named = site.stage.kms_key
    keys |= {named: "desktops.kms_key"} if named else {}
    customers = 0
    for key, whose in keys.items():
        metadata = site.client("kms").describe_key(KeyId=key)["KeyMetadata"]
        if metadata["KeyManager"] == "AWS":
            continue
        customers += 1
        if metadata["KeyState"] != "Enabled":
            enable = site.aws(f"kms enable-key --key-id {key}")
            yield fail(f"the key {key} of {whose} is {metadata['KeyState']}: {_DIES}", enable)
        elif metadata["Arn"] == named:
            yield ok(f"the functions may use the key {key} of {whose}")
        else:
            again = "--source-image-id <image> --name elephant --encrypted --kms-key-id <the key that is named>"
            copy = f"; or copy the image: {site.aws('ec2 copy-image')} --source-region {site.stage.region} {again}"
            yield fail(
                f"the key {metadata['Arn']} of {whose} is not the functions' to use: {_DIES}",
                f'set desktops.kms_key = "{metadata["Arn"]}" in {site.file}{copy if named else ""}',
            )
    if not customers:
        yield ok("no volume is encrypted with a customer key")


def _keys(site: Site, described: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys that volumes are encrypted with where the request names none, each with what it is the key of."""
    ec2 = site.client("ec2")
    volumes = [m["Ebs"] for m in described["BlockDeviceMappings"] if m.get("Ebs")]
    snapshots = [v["SnapshotId"] for v in volumes if v.get("Encrypted") and "SnapshotId" in v]
    found = ec2.describe_snapshots(SnapshotIds=snapshots)["Snapshots"] if snapshots else []
    keys = {snapshot["KmsKeyId"]: "the image" for snapshot in found if snapshot.get("KmsKeyId")}
    if all(volume.get("Encrypted") for volume in volumes) or site.stage.kms_key:
        return keys
    try:
        by_default = ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]
    except ClientError:
        return keys  # an emulator's EC2 knows nothing of it, and whoever may not ask is not kept from deploying
    return keys | ({ec2.get_ebs_default_kms_key_id()["KmsKeyId"]: "the account's default"} if by_default else {})


def fast_launch(site: Site) -> Iterator[Finding]:
    """Windows' first boot is prepared, where the image may be and the operator asks for it."""
    try:
        described = _described(site)
    except _NoImage:
        return  # that is said already
    hindrances = _hindrances(site, described)
    if hindrances:
        what = f"Fast Launch cannot prepare Windows' first boot: {'; '.join(hindrances)}"
        yield warn(what, "docs/deploy.md#fast-launch") if site.stage.fast_launch else ok(what)
        return
    ami = described["ImageId"]
    state, why = state_of(ami, site.client)
    if state == "enabled":
        yield ok(f"Fast Launch prepares first boots of {ami}")
    elif state in ("enabling", "enabled-failed", "enabling-failed") and site.stage.fast_launch:
        yield warn(f"Fast Launch of {ami} is {state}: {why or 'no reason is given'}", "docs/deploy.md#fast-launch")
    elif site.stage.fast_launch:
        yield warn(f"Fast Launch is not on for {ami}", site.make("deploy"))
    else:
        yield ok(
            f"Fast Launch can prepare first boots of {ami}, if it was made by Sysprep with shutdown, which nobody can "
            "see: desktops.fast_launch = true turns it on"
        )


def _hindrances(site: Site, described: Mapping[str, Any]) -> list[str]:
    """Return what keeps Fast Launch from being of use."""
    if described.get("Platform") != "windows":
        return ["the image does not run Windows"]
    told = []
    if described.get("OwnerId") != site.account.id:
        told.append("the image is not this account's own; copy it")
    told += [
        f"the root volume {lack}, so that each launch asks for another"
        for lack in lacks(root_of(described), site.stage.volume_gib, site.stage.kms_key)
    ]
    if site.own_vpc:
        told.append(f"outside the default VPC it needs a launch template, with a subnet of {site.own_vpc}")
    return told


def _described(site: Site) -> dict[str, Any]:
    """Return what EC2 says of the image.

    Raises:
        _NoImage: there is none.
    """
    ami, parameter = site.ami_id, image_parameter(site.ami_id)
    if parameter == images.parameter(site.stage):
        ami = _newest(site)
    elif parameter:
        try:
            ami = resolve(site.client("ssm"), parameter)
        except (LaunchRefused, Unavailable) as error:
            cause = as_aws_said(error)
            if kind_of(cause) is not Kind.NO and cause is not error:
                raise cause from error
            remedy = f"correct it, or desktops.ami_id in {site.file}"
            raise _NoImage(fail(as_sentence(error), remedy)) from error
    try:
        found = site.client("ec2").describe_images(ImageIds=[ami])["Images"]
    except ClientError as error:
        if not code_of(error).startswith("InvalidAMIID"):
            raise
        found = []
    if not found:
        what = f"the image {ami} is not in {site.stage.region}, or not shared with this account"
        raise _NoImage(fail(what, _another(site)))
    described: dict[str, Any] = found[0]
    return described


def _newest(site: Site) -> str:
    """Return the id of the newest image that was built for the stage.

    Raises:
        _NoImage: there is none, or nothing names it.
    """
    try:
        found = images.built(site.stage, site.client)
    except StageError as error:
        raise _NoImage(fail(as_sentence(error), site.make("image"))) from error
    if not found:
        raise _NoImage(fail(f"there is no image for desktops of stage {site.stage.name}", site.make("image")))
    return found


def _another(site: Site) -> str:
    return f"build one: {site.make('image')}; or correct desktops.ami_id in {site.file}"
