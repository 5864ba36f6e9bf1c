"""Where desktops are launched, and who reaches them there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from ipaddress import IPv4Network, ip_network
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.ec2.subnets import ANYWHERE, look
from chalicelib.domain.errors import LaunchRefused, Unavailable
from chalicelib.domain.policy import DCV_PORT
from tools.errors import code_of
from tools.findings import Finding, as_aws_said, as_sentence, fail, ok, warn
from tools.site import Site

RDP = 3389
EVERYBODY = frozenset({ANYWHERE, "::/0"})


def network(site: Site) -> Iterator[Finding]:
    """There are subnets in which people can reach desktops."""
    stage = site.stage
    try:
        layout = look(site.client("ec2"), stage.subnets, stage.vpc, stage.availability_zones)
    except (LaunchRefused, Unavailable) as error:
        if not isinstance(error, LaunchRefused) or error.code not in _REMEDIES:  # EC2 did not let us look
            raise as_aws_said(error) from error
        create = site.aws("ec2 create-default-vpc")
        yield fail(as_sentence(error), _REMEDIES[error.code].format(file=site.file, create=create))
        return
    if vpcs := {subnet["VpcId"] for subnet in layout.reached} - {site.vpc}:
        yield fail(
            f"desktops.subnets lie in {', '.join([site.vpc, *sorted(vpcs)])}, and a security group in one VPC",
            f"name subnets of one VPC in {site.file}",
        )
    for name in stage.subnets:
        if name not in {subnet["SubnetId"] for subnet in (*layout.reached, *layout.passed_over)}:
            yield warn(
                f"{name} is not there, or not in the VPC and the zones that are named", f"drop it in {site.file}"
            )
    for subnet in layout.passed_over:
        if subnet["SubnetId"] in stage.subnets or not layout.doubt:
            yield _passed_over(site, subnet["SubnetId"])
    if layout.doubt:
        route = f"ec2 create-route --destination-cidr-block {ANYWHERE} --route-table-id rtb-… --gateway-id igw-…"
        yield warn(
            f"whether people can reach desktops is not certain, so what AWS made public is taken: {layout.doubt}",
            site.aws(route),
        )
    yield ok(f"{len(layout.reached)} subnets of {site.vpc} can be reached")


def zones_of(site: Site) -> set[str]:
    """Return the zones of the subnets that desktops are launched in; none where that cannot be told."""
    stage = site.stage
    try:
        layout = look(site.client("ec2"), stage.subnets, stage.vpc, stage.availability_zones)
    except (LaunchRefused, Unavailable):
        return set()  # the check of the network says why
    return {subnet["AvailabilityZone"] for subnet in layout.reached}


_REMEDIES = {
    "NoDefaultVpc": "name yours as desktops.vpc in {file}, or: {create}",
    "NoSubnet": "correct desktops.subnets, vpc and availability_zones in {file}",
    "NoReachableSubnet": "name other subnets in {file}, or give theirs a route table that leads to an internet gateway",
}


def _passed_over(site: Site, subnet: str) -> Finding:
    what = f"{subnet} leads to no internet gateway, so no desktop is launched there"
    return warn(what, f"drop it in {site.file}") if subnet in site.stage.subnets else ok(what)


def security_groups(site: Site) -> Iterator[Finding]:
    """The groups admit the DNS provider's proxies to DCV's port, nobody else, and leave Windows' own door shut."""
    if not site.groups:
        yield ok("the security group will be made by make deploy")
        return
    ec2 = site.client("ec2")
    try:
        groups = ec2.describe_security_groups(GroupIds=list(site.groups))["SecurityGroups"]
    except ClientError as error:
        if not code_of(error).startswith(("InvalidGroup", "InvalidSecurityGroup")):
            raise
        yield fail(f"a security group is not there: {error}", f"correct security_groups in {site.file}")
        return
    for group in groups:
        if site.vpc and group["VpcId"] != site.vpc:
            yield fail(
                f"{group['GroupId']} belongs to {group['VpcId']}, and desktops are launched in {site.vpc}",
                f"name a group of {site.vpc} in {site.file}, or leave security_groups empty to have one made",
            )
    named = [{"Name": "group-id", "Values": list(site.groups)}]
    pages = ec2.get_paginator("describe_security_group_rules").paginate(Filters=named)
    rules = [rule for page in pages for rule in page["SecurityGroupRules"] if not rule["IsEgress"]]
    proxies = site.provider.name
    for port, door in ((DCV_PORT, f"Amazon DCV, past {proxies}"), (RDP, "Windows' remote desktop")):
        if wide := [rule for rule in rules if _admits(rule, port) and _source(rule) in EVERYBODY]:
            left = [rule for rule in rules if rule not in wide]
            steps = [*_admit_proxies(site, left), *_revoke(site, wide)]
            yield warn(f"port {port}, {door}, is open to the whole internet", " && ".join(steps))
    if lacking := _admit_proxies(site, rules):
        yield fail(f"not all of {proxies} is admitted to port {DCV_PORT}, so names lead nowhere", " && ".join(lacking))
    else:
        yield ok(f"{proxies} is admitted to port {DCV_PORT}")


def _admit_proxies(site: Site, rules: Collection[Mapping[str, Any]]) -> list[str]:
    """Return the command that admits those proxies that these rules do not admit, none where they admit all."""
    sources = [_source(rule) for rule in rules if _admits(rule, DCV_PORT)]
    if any(source.startswith("pl-") for source in sources):
        return []  # what is in a prefix list is its owner's to know
    admitted = [ip_network(source) for source in sources if "/" in source]
    admitted_v4 = [source for source in admitted if isinstance(source, IPv4Network)]
    lacking = [proxy for proxy in site.provider.networks if not any(map(proxy.subnet_of, admitted_v4))]
    if not lacking:
        return []
    ranges = ",".join(f"{{CidrIp={cidr}}}" for cidr in lacking)
    permission = f"IpProtocol=tcp,FromPort={DCV_PORT},ToPort={DCV_PORT},IpRanges=[{ranges}]"
    allow = f"ec2 authorize-security-group-ingress --group-id {site.groups[0]} --ip-permissions '{permission}'"
    return [site.aws(allow)]


def _revoke(site: Site, rules: Collection[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a command for each group that takes these rules out of it; EC2 passes over rules that only look alike."""
    for group in sorted({rule["GroupId"] for rule in rules}):
        ids = " ".join(rule["SecurityGroupRuleId"] for rule in rules if rule["GroupId"] == group)
        yield site.aws(f"ec2 revoke-security-group-ingress --group-id {group} --security-group-rule-ids {ids}")


def _admits(rule: Mapping[str, Any], port: int) -> bool:
    if rule["IpProtocol"] == "-1":
        return True
    return rule["IpProtocol"] in ("tcp", "6") and rule["FromPort"] <= port <= rule["ToPort"]


def _source(rule: Mapping[str, Any]) -> str:
    """Return whom a rule lets in: a range, a prefix list's id or a group's."""
    group = rule.get("ReferencedGroupInfo", {}).get("GroupId", "")
    return str(rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId") or group)
