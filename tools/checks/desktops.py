"""What desktops are launched on: the instance type and its quota, the key pair, and the client on the image."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from chalicelib.rules.calendar import OF_A_MEETING
from chalicelib.settings import Client, image_parameter
from tools import inventory
from tools.checks.network import zones_of
from tools.errors import code_of
from tools.findings import Finding, fail, ok, warn
from tools.site import Site
from tools.stack import deployed_client

_QUOTAS = {"g": "L-DB2E81BA", "vt": "L-DB2E81BA", "p": "L-417A185B", "inf": "L-1945791B", "x": "L-7295265B"}
_STANDARD_QUOTA = "L-1216C47A"  # families A, C, D, H, I, M, R, T and Z


def instance_type(site: Site) -> Iterator[Finding]:
    """The instance type is offered in the zones that desktops go to."""
    kind, zones = site.stage.instance_type, set(site.stage.availability_zones) or zones_of(site)
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
        others = f"name only {', '.join(sorted(usable))} as desktops.availability_zones in {site.file}"
        yield warn(f"{kind} is not offered in {', '.join(sorted(zones - offered))}", others)
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


def _has_scripts(site: Site) -> bool:
    """Return whether the image is the one that stands deployed, with scripts; what a parameter names may be another."""
    ami, deployed = site.stage.ami_id, inventory.environment(site.stage, site.client)
    is_same = deployed.get("AMI_ID") == ami and not image_parameter(ami)
    return is_same and deployed_client(site.outputs) is Client.SCRIPTS


def client(site: Site) -> Iterator[Finding]:
    """What runs on the desktops is said, and is not changed by a line that somebody merged: the image decides it."""
    if site.desktop_client is Client.KIT and _has_scripts(site):
        yield fail(
            f"the image {site.stage.ami_id} was deployed with scripts, and {site.file} says that it has the kit: none "
            "of its desktops would find its meeting",
            f'write desktops.client = "scripts" in {site.file}, or name an image that has the kit as desktops.ami_id',
        )
        return
    why = "" if site.stage.client else f" ({site.file} says nothing of desktops.client)"
    if site.desktop_client is Client.SCRIPTS:
        yield ok(f"desktops look for their meeting in the table, and may ask the metadata without a token{why}")
    else:
        yield ok(f"desktops have the kit: they ask the app, and the metadata with a token{why}")
