"""Which subnets the EC2 adapter finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters import ec2
from chalicelib.domain.errors import LaunchRefused
from tests.contract.ec2.launcher import Launcher


class TestSubnets:
    def zones(self, launcher: Launcher) -> list[str]:
        found = launcher.account.client("ec2").describe_subnets()["Subnets"]
        zone_of = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in found}
        return [zone_of[subnet] for subnet in launcher.desktops.subnets()]

    def later(self, launcher: Launcher) -> None:
        launcher.clock.run(launcher.clock.now() + ec2.LAYOUT_LASTS)

    def test_are_those_of_all_zones_where_none_is_set(self, launcher: Launcher) -> None:
        assert self.zones(launcher) == ["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"]

    def test_are_those_of_the_zones_that_are_set_in_their_order(self, launcher: Launcher) -> None:
        launcher.settings = replace(launcher.settings, supported_azs=("us-west-2c", "us-west-2x", "us-west-2a"))
        self.later(launcher)
        assert self.zones(launcher) == ["us-west-2c", "us-west-2a"]

    def test_are_those_of_the_default_vpc(self, launcher: Launcher) -> None:
        api = launcher.account.client("ec2")
        vpc = api.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        other = api.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.later(launcher)
        assert other not in launcher.desktops.subnets()

    def test_are_listed_once_in_ten_minutes(self, launcher: Launcher) -> None:
        self.later(launcher)
        for _ in range(5):
            launcher.desktops.subnets()
        assert len(launcher.account.requests.to("DescribeSubnets")) == 1
        self.later(launcher)
        launcher.desktops.subnets()
        assert len(launcher.account.requests.to("DescribeSubnets")) == 2

    def test_zones_without_any_are_named(self, launcher: Launcher) -> None:
        launcher.settings = replace(launcher.settings, supported_azs=("eu-west-1a",))
        self.later(launcher)
        with pytest.raises(LaunchRefused, match=r"SUPPORTED_AZS.*eu-west-1a"):
            launcher.desktops.subnets()

    def test_a_region_without_a_default_vpc_says_what_to_do(self, launcher: Launcher) -> None:
        launcher.account.instead["DescribeVpcs"] = {"Vpcs": []}
        self.later(launcher)
        with pytest.raises(LaunchRefused, match="create-default-vpc"):
            launcher.desktops.subnets()
