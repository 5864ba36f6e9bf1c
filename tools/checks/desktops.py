"""What desktops are launched from: the image, the instance type and its quota, the key pair."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from chalicelib.rules.calendar import OF_A_MEETING
from tools.errors import code_of
from tools.findings import Finding, fail, ok, warn
from tools.site import Site

_QUOTAS = {"g": "L-DB2E81BA", "vt": "L-DB2E81BA", "p": "L-417A185B", "inf": "L-1945791B", "x": "L-7295265B"}
_STANDARD_QUOTA = "L-1216C47A"  # families A, C, D, H, I, M, R, T and Z


def image(site: Site) -> Iterator[Finding]:
    """The image exists, is ready, and fits the volume."""
    ami = site.stage.ami_id
    bake = f"bake one (docs/deploy.md, The image), or correct desktops.ami_id in {site.file}"
    try:
        found = site.client("ec2").describe_images(ImageIds=[ami])["Images"]
    except ClientError as error:
        if not code_of(error).startswith("InvalidAMIID"):
            raise
        found = []
    if not found:
        yield fail(f"the image {ami} is not in {site.stage.region}, or not shared with this account", bake)
        return
    described = found[0]
    if described["State"] != "available":
        wait = site.aws(f"ec2 wait image-available --image-ids {ami}")
        yield fail(f"the image {ami} is {described['State']}", wait if described["State"] == "pending" else bake)
        return
    root = described.get("RootDeviceName", "")
    sizes = {m.get("DeviceName"): m["Ebs"].get("VolumeSize", 0) for m in described["BlockDeviceMappings"] if "Ebs" in m}
    if root not in sizes:
        yield fail(f"the image {ami} has no EBS volume at its root device {root or '(none)'}", bake)
        return
    yield ok(f"the image {ami} is available; its root device is {root}, {sizes[root]} GiB")
    if sizes[root] > site.stage.volume_gib:
        yield warn(
            f"the image needs {sizes[root]} GiB, more than volume_gib; its own size is used",
            f"set desktops.volume_gib = {sizes[root]} in {site.file}",
        )
    if described.get("Platform") != "windows":
        yield warn(f"the image {ami} does not run Windows", "fine where desktops run Linux; else " + bake)


def instance_type(site: Site) -> Iterator[Finding]:
    """The instance type is offered in the zones that desktops go to."""
    kind, zones = site.stage.instance_type, set(site.stage.availability_zones)
    offered = {
        offer["Location"]
        for page in site.client("ec2")
        .get_paginator("describe_instance_type_offerings")
        .paginate(LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [kind]}])
        for offer in page["InstanceTypeOfferings"]
    }
    usable = offered & zones if zones else offered
    if not usable:
        where = ", ".join(sorted(offered)) or "nowhere in this Region"
        yield fail(f"{kind} is not offered in these zones, but in: {where}", f"correct [desktops] in {site.file}")
    elif zones - offered:
        yield warn(f"{kind} is not offered in {', '.join(sorted(zones - offered))}", f"drop them in {site.file}")
    else:
        yield ok(f"{kind} is offered in {', '.join(sorted(usable))}")


def quota(site: Site) -> Iterator[Finding]:
    """The account's vCPUs suffice for as many desktops at once as people may schedule."""
    kind, at_once = site.stage.instance_type, site.stage.at_once
    if at_once < OF_A_MEETING:
        too_few = f"desktops.at_once is {at_once}, and a meeting takes {OF_A_MEETING}: nobody could schedule one"
        yield fail(too_few, f"set desktops.at_once = {OF_A_MEETING} or more in {site.file}")
        return
    [described] = site.client("ec2").describe_instance_types(InstanceTypes=[kind])["InstanceTypes"]
    each = described["VCpuInfo"]["DefaultVCpus"]
    wanted = each * at_once
    family = kind.split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz-").rstrip("0123456789")
    code = _QUOTAS.get(family, _STANDARD_QUOTA)
    allowed = site.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"]
    text = (
        f"desktops.at_once lets {at_once // OF_A_MEETING} meetings be scheduled for one time, and no more; "
        f"their desktops take {wanted} vCPUs of {allowed:.0f}"
    )
    if wanted <= allowed:
        yield ok(text)
    else:
        ask = f"request-service-quota-increase --service-code ec2 --quota-code {code} --desired-value {wanted}"
        yield fail(
            f"{text}: EC2 would refuse the launches beyond that. Ask for more, or set desktops.at_once = "
            f"{int(allowed // each)} in {site.file}",
            site.aws(f"service-quotas {ask}"),
        )


def key_pair(site: Site) -> Iterator[Finding]:
    """The key pair exists, where one is named."""
    name = site.stage.key_name
    if not name:
        yield ok("no key pair is wanted")
        return
    try:
        site.client("ec2").describe_key_pairs(KeyNames=[name])
    except ClientError as error:
        if code_of(error) != "InvalidKeyPair.NotFound":
            raise
        remedy = site.aws(f"ec2 create-key-pair --key-name {name} --query KeyMaterial --output text") + f" > {name}.pem"
        yield fail(f"the key pair {name} does not exist", remedy)
        return
    yield ok(f"the key pair {name} exists")
