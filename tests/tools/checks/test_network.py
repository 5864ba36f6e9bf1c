"""The checks of where desktops are launched, and who reaches them there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.tools.checks.sound import Account, Wrong, assert_found, nothing
from tools.checks import BEFORE, look
from tools.checks.network import security_groups
from tools.findings import Level


def _close_door(account: Account) -> None:
    ec2 = account.client("ec2")
    [group] = ec2.describe_security_groups(GroupIds=[account.group])["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=account.group, IpPermissions=group["IpPermissions"])


def _only_privately(account: Account) -> None:
    _close_door(account)
    account.admit(8443, "10.0.0.0/8")


def _elsewhere(account: Account) -> None:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_security_group(GroupName="elsewhere", Description="elsewhere", VpcId=vpc)
    account.group = made["GroupId"]
    account.stage = replace(account.stage, security_groups=(account.group,))


def _private_subnets(account: Account) -> None:
    ec2 = account.client("ec2")
    for subnet in ec2.describe_subnets()["Subnets"]:
        table = ec2.create_route_table(VpcId=subnet["VpcId"])["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet["SubnetId"])


def _no_way_out(account: Account) -> None:
    ec2 = account.client("ec2")
    [table] = ec2.describe_route_tables()["RouteTables"]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")


def _no_default_vpc(account: Account) -> None:
    account.client("ec2").describe_vpcs = lambda **_: {"Vpcs": []}


WRONG: dict[str, Wrong] = {
    "private subnets": ("network", {}, _private_subnets, Level.FAIL, "a route table that leads to an internet gateway"),
    "no way out of the VPC at all": ("network", {}, _no_way_out, Level.WARN, "ec2 create-route"),
    "no default VPC": ("network", {}, _no_default_vpc, Level.FAIL, "ec2 create-default-vpc"),
    "no subnet in the zone": ("network", {"availability_zones": ("us-west-2z",)}, nothing, Level.FAIL, "us-west-2z"),
    "no such subnet": ("network", {"subnets": ("subnet-0fff",)}, nothing, Level.FAIL, "SUBNET_IDS (subnet-0fff)"),
    "no such VPC": ("network", {"vpc": "vpc-0fff"}, nothing, Level.FAIL, "VPC_ID (vpc-0fff)"),
    "no such group": ("security_groups", {"security_groups": ("sg-0fff",)}, nothing, Level.FAIL, "security_groups"),
    "DCV's port shut": ("security_groups", {}, _close_door, Level.FAIL, "ToPort=8443"),
    "DCV's port open to private addresses alone": (
        "security_groups",
        {},
        _only_privately,
        Level.FAIL,
        "FromPort=8443,ToPort=8443,IpRanges=[{CidrIp=173.245.48.0/20},",
    ),
    "a group of another network": (
        "security_groups",
        {},
        _elsewhere,
        Level.FAIL,
        "desktops are launched in vpc-",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])


class TestSubnetsOfTheOperatorsChoice:
    @pytest.fixture
    def mine(self, account: Account) -> tuple[str, str, str]:
        """Return a VPC, a subnet of it that leads out and one that does not."""
        ec2 = account.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        public, private = (
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone="us-west-2a")["Subnet"]
            for number in (1, 2)
        )
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        ec2.associate_route_table(RouteTableId=table, SubnetId=public["SubnetId"])
        return vpc, public["SubnetId"], private["SubnetId"]

    def test_those_that_lead_out_do(self, account: Account, mine: tuple[str, str, str]) -> None:
        vpc, public, _ = mine
        assert account.look("network", subnets=(public,)) == [(Level.OK, f"1 subnets of {vpc} can be reached → ")]
        assert account.site(subnets=(public,)).own_vpc == vpc

    def test_the_instance_type_is_looked_for_in_their_zones(self, account: Account, mine: tuple[str, str, str]) -> None:
        _, public, private = mine
        assert account.look("instance_type", subnets=(public,)) == [(Level.OK, "t3.large is offered in us-west-2a → ")]
        [(level, everywhere)] = account.look("instance_type", subnets=(private,))
        assert (level, "us-west-2b" in everywhere) == (Level.OK, True), "the network's check says what is wrong"

    def test_those_that_lead_nowhere_are_named(self, account: Account, mine: tuple[str, str, str]) -> None:
        vpc, public, private = mine
        found = account.look("network", subnets=(private, public, "subnet-0fff"))
        assert [text for level, text in found if level is Level.WARN] == [
            "subnet-0fff is not there, or not in the VPC and the zones that are named → drop it in stages/dev.toml",
            f"{private} leads to no internet gateway, so no desktop is launched there → drop it in stages/dev.toml",
        ]
        [told, _] = account.look("network", vpc=vpc)
        assert told == (Level.OK, f"{private} leads to no internet gateway, so no desktop is launched there → ")

    def test_those_of_several_vpcs_have_no_group_in_common(self, account: Account, mine: tuple[str, str, str]) -> None:
        default = account.client("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])[
            "Subnets"
        ][0]["SubnetId"]
        found = account.look("network", subnets=(mine[1], default))
        assert any(level is Level.FAIL and "name subnets of one VPC" in text for level, text in found)

    def test_the_default_vpc_is_not_named_to_the_stack_whose_group_would_be_made_anew(self, account: Account) -> None:
        default = account.site().default_vpc
        assert account.site().own_vpc == account.site(vpc=default).own_vpc == ""
        assert account.site(subnets=("subnet-0fff",)).vpc == ""


@pytest.mark.parametrize("operation", ["describe_vpcs", "get_paginator"])
def test_who_may_not_look_is_warned(account: Account, operation: str) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}, "Describe")

    setattr(account.client("ec2"), operation, refuse)
    [finding] = look(BEFORE["network"], account.site())
    assert (finding.level, "UnauthorizedOperation" in finding.what) == (Level.WARN, True)


WIDE = {
    "DCV, past Cloudflare": (8443, "0.0.0.0/0", "tcp"),
    "remote desktop": (3389, "0.0.0.0/0", "tcp"),
    "remote desktop over IPv6": (3389, "::/0", "tcp"),
    "everything": (-1, "0.0.0.0/0", "-1"),
}


@pytest.mark.parametrize("name", WIDE)
def test_a_door_that_is_open_to_all_is_shut_by_its_rule(name: str, account: Account) -> None:
    account.admit(*WIDE[name])
    remedies = [f.remedy for f in security_groups(account.site()) if f.level is Level.WARN]
    [rule] = account.rule_ids()
    assert remedies
    assert all(remedy.endswith(f"--group-id {account.group} --security-group-rule-ids {rule}") for remedy in remedies)
    assert not any("authorize" in remedy for remedy in remedies)


def test_what_shuts_a_door_lets_cloudflare_in_first(account: Account) -> None:
    _close_door(account)
    account.admit(-1, "0.0.0.0/0", "-1")
    [remedy, _] = [f.remedy for f in security_groups(account.site()) if f.level is Level.WARN]
    admit, revoke = remedy.split(" && ")
    assert "authorize-security-group-ingress" in admit
    assert admit.count("CidrIp=") == len(account.site().provider.networks)
    assert "revoke-security-group-ingress" in revoke
