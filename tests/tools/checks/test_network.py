"""The checks of where desktops are launched, and who reaches them there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tools.checks.sound import Account, Wrong, assert_found, nothing
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
        ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": False})


WRONG: dict[str, Wrong] = {
    "private subnets": ("network", {}, _private_subnets, Level.FAIL, "--map-public-ip-on-launch"),
    "no subnet in the zone": ("network", {"availability_zones": ("us-west-2z",)}, nothing, Level.FAIL, "us-west-2z"),
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
        "desktops are launched in the default",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])


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
