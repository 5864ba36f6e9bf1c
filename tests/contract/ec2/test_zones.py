"""Which subnets the EC2 adapter finds."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.ec2.subnets import LAYOUT_LASTS
from chalicelib.domain.errors import LaunchRefused, Unavailable
from tests.contract.ec2.launcher import Launcher


class Network:
    """A VPC, a new one unless it is given, with what is added to it."""

    def __init__(self, launcher: Launcher, vpc: Any = None) -> None:
        self._ec2 = launcher.account.client("ec2")
        given = vpc or self._ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
        self.vpc, self._block, self._count = given["VpcId"], given["CidrBlock"].rsplit(".", 2)[0], 0

    @property
    def main(self) -> str:
        """The id of its main route table."""
        here = [{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "association.main", "Values": ["true"]}]
        [table] = self._ec2.describe_route_tables(Filters=here)["RouteTables"]
        return str(table["RouteTableId"])

    def subnet(self, zone: str) -> str:
        """Add a subnet; it uses the main route table."""
        self._count += 1
        block = f"{self._block}.{200 + self._count}.0/24"
        made = self._ec2.create_subnet(VpcId=self.vpc, CidrBlock=block, AvailabilityZone=zone)
        return str(made["Subnet"]["SubnetId"])

    def with_own_table(self, subnet: str) -> str:
        """Give a subnet a route table of its own, and return that."""
        table = str(self._ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"])
        self._ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return table

    def lead_out(self, table: str) -> None:
        """Let a table lead everywhere through an internet gateway."""
        gateway = self._ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self._ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        self._ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


class TestSubnets:
    def zones(self, launcher: Launcher) -> list[str]:
        found = launcher.account.client("ec2").describe_subnets()["Subnets"]
        zone_of = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in found}
        return [zone_of[subnet] for subnet in launcher.desktops.subnets()]

    def later(self, launcher: Launcher) -> None:
        launcher.clock.run(launcher.clock.now() + LAYOUT_LASTS)

    def test_are_those_of_all_zones_where_none_is_set(self, launcher: Launcher) -> None:
        assert self.zones(launcher) == ["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"]

    def test_are_those_of_the_zones_that_are_set_in_their_order(self, launcher: Launcher) -> None:
        launcher.settings = launcher.settings._replace(supported_azs=("us-west-2c", "us-west-2x", "us-west-2a"))
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
        launcher.settings = launcher.settings._replace(supported_azs=("eu-west-1a",))
        self.later(launcher)
        with pytest.raises(LaunchRefused, match=r"SUPPORTED_AZS.*eu-west-1a"):
            launcher.desktops.subnets()

    def test_a_region_without_a_default_vpc_says_what_to_do(self, launcher: Launcher) -> None:
        launcher.account.instead["DescribeVpcs"] = {"Vpcs": []}
        self.later(launcher)
        with pytest.raises(LaunchRefused, match="create-default-vpc"):
            launcher.desktops.subnets()

    def test_are_those_that_are_set_in_their_order(self, launcher: Launcher) -> None:
        first, _, third, _ = launcher.desktops.subnets()
        launcher.settings = launcher.settings._replace(subnet_ids=(third, first, "subnet-0fff"))
        self.later(launcher)
        assert launcher.desktops.subnets() == [third, first]
        launcher.settings = launcher.settings._replace(supported_azs=("us-west-2a",))
        self.later(launcher)
        assert launcher.desktops.subnets() == [first]

    def test_are_those_of_the_vpc_that_is_set(self, launcher: Launcher) -> None:
        network = Network(launcher)
        subnets = [network.subnet("us-west-2b"), network.subnet("us-west-2a")]
        network.lead_out(network.main)
        launcher.settings = launcher.settings._replace(vpc_id=network.vpc)
        self.later(launcher)
        assert launcher.desktops.subnets() == subnets[::-1]

    def test_those_that_are_set_are_looked_for_in_the_vpc_that_is_set(self, launcher: Launcher) -> None:
        network = Network(launcher)
        launcher.settings = launcher.settings._replace(vpc_id=network.vpc, subnet_ids=(launcher.subnet,))
        self.later(launcher)
        with pytest.raises(LaunchRefused, match=rf"SUBNET_IDS \({launcher.subnet}\) of VPC_ID \({network.vpc}\)"):
            launcher.desktops.subnets()

    def test_begin_behind_the_one_in_which_the_launch_before_came_to_nothing(self, launcher: Launcher) -> None:
        first, second, third, fourth = launcher.desktops.subnets()
        assert launcher.desktops.subnets(second) == [third, fourth, first, second]
        assert launcher.desktops.subnets("subnet-gone") == [first, second, third, fourth]

    def test_one_that_was_refused_for_any_reason_of_its_own_comes_last_for_a_while(self, launcher: Launcher) -> None:
        first, *rest = launcher.desktops.subnets()
        launcher.account.instead["RunInstances"] = ("InvalidParameterValue", 400)
        with pytest.raises(LaunchRefused):
            launcher.launch()
        assert launcher.desktops.subnets() == [*rest, first]

    def test_who_may_not_look_is_refused_under_ec2s_own_code(self, launcher: Launcher) -> None:
        launcher.account.instead["DescribeSubnets"] = ("UnauthorizedOperation", 403)
        self.later(launcher)
        with pytest.raises(LaunchRefused) as refusal:
            launcher.desktops.subnets()
        assert refusal.value.code == "UnauthorizedOperation"


class TestReach:
    """Only subnets that people can reach are taken: those that lead everywhere through an internet gateway."""

    @pytest.fixture
    def network(self, launcher: Launcher) -> Network:
        network = Network(launcher)
        launcher.settings = launcher.settings._replace(vpc_id=network.vpc)
        launcher.clock.run(launcher.clock.now() + LAYOUT_LASTS)
        return network

    def test_a_private_subnet_of_the_default_vpc_is_never_taken(self, launcher: Launcher) -> None:
        network = Network(launcher, launcher.account.client("ec2").describe_vpcs()["Vpcs"][0])
        private = network.subnet("us-west-2a")
        launcher.clock.run(launcher.clock.now() + LAYOUT_LASTS)
        assert private not in launcher.desktops.subnets()
        network.lead_out(network.main)
        network.with_own_table(private)
        launcher.clock.run(launcher.clock.now() + LAYOUT_LASTS)
        assert len(launcher.desktops.subnets()) == 4
        assert private not in launcher.desktops.subnets()

    def test_a_subnet_s_own_table_counts_and_not_its_vpcs_main_one(self, launcher: Launcher, network: Network) -> None:
        of_main, of_own = network.subnet("us-west-2a"), network.subnet("us-west-2b")
        network.lead_out(network.with_own_table(of_own))
        assert launcher.desktops.subnets() == [of_own]
        assert of_main not in launcher.desktops.subnets()

    @pytest.mark.parametrize(
        "route",
        [
            {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-0123456789abcdef0", "State": "active"},
            {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "vgw-0123456789abcdef0", "State": "active"},
            {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-0123456789abcdef0", "State": "blackhole"},
            {"DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "igw-0123456789abcdef0", "State": "active"},
            {"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-0123456789abcdef0", "State": "active"},
        ],
        ids=["through NAT", "through a VPN", "through a gateway that is gone", "to some only", "by IPv6 only"],
    )
    def test_other_ways_out_are_no_way_in(self, launcher: Launcher, network: Network, route: dict[str, str]) -> None:
        subnet = network.subnet("us-west-2a")
        table = {"VpcId": network.vpc, "Associations": [{"Main": True}], "Routes": [route]}
        launcher.account.instead["DescribeRouteTables"] = {"RouteTables": [table]}
        with pytest.raises(LaunchRefused, match=f"{subnet}.*internet gateway") as refusal:
            launcher.desktops.subnets()
        assert refusal.value.code == "NoReachableSubnet"

    def test_a_vpc_whose_main_table_does_not_show_has_only_what_has_a_table_of_its_own(
        self, launcher: Launcher, network: Network
    ) -> None:
        network.subnet("us-west-2a")
        public = network.subnet("us-west-2b")
        route = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-0123456789abcdef0", "State": "active"}
        table = {"VpcId": network.vpc, "Associations": [{"SubnetId": public}], "Routes": [route]}
        launcher.account.instead["DescribeRouteTables"] = {"RouteTables": [table]}
        assert launcher.desktops.subnets() == [public]

    def test_where_the_tables_may_not_be_looked_at_what_aws_made_public_counts(self, launcher: Launcher) -> None:
        network = Network(launcher, launcher.account.client("ec2").describe_vpcs()["Vpcs"][0])
        private = network.subnet("us-west-2a")
        launcher.account.instead["DescribeRouteTables"] = ("UnauthorizedOperation", 403)
        launcher.clock.run(launcher.clock.now() + LAYOUT_LASTS)
        assert len(launcher.desktops.subnets()) == 4
        assert private not in launcher.desktops.subnets()

    def test_where_the_tables_cannot_be_looked_at_now_nothing_is_concluded(self, launcher: Launcher) -> None:
        launcher.account.instead["DescribeRouteTables"] = ("RequestLimitExceeded", 503)
        launcher.clock.run(launcher.clock.now() + LAYOUT_LASTS)
        with pytest.raises(Unavailable, match="route tables"):
            launcher.desktops.subnets()
