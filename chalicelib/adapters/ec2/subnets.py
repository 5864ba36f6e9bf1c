"""Where desktops are launched: the subnets that people can reach them in, the best first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.ec2.refusals import Kind, code_of, kind_of, reporting
from chalicelib.domain.errors import LaunchRefused, Unavailable
from chalicelib.environment import DesktopSettings

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef, RouteTableTypeDef, SubnetTypeDef

NO_ROOM_LASTS = timedelta(minutes=3)
LAYOUT_LASTS = timedelta(hours=6)
ANYWHERE = "0.0.0.0/0"


class Subnets:
    """The subnets to launch into, as long as a container lives; what is slow to change is remembered."""

    def __init__(
        self, client: EC2Client, settings: Callable[[], DesktopSettings], clock: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._no_room_until: dict[str, datetime] = {}
        self._known: tuple[datetime, list[str]] | None = None

    def best_first(self, after: str | None = None) -> list[str]:
        """Return the subnets; those that lately had no room come last.

        Where the launch before came to nothing, in the subnet `after`, it begins at the one that follows.

        Raises:
            LaunchRefused: there is none that can be reached.
        """
        now = self._clock()
        if self._known is None or now >= self._known[0] + LAYOUT_LASTS:
            settings = self._settings()
            layout = look(self._client, settings.subnet_ids, settings.vpc_id or "", settings.supported_azs)
            self._known = (now, [subnet.get("SubnetId", "") for subnet in layout.reached])
        subnets = self._known[1]
        begin = subnets.index(after) + 1 if after in subnets else 0
        return sorted(subnets[begin:] + subnets[:begin], key=lambda subnet: self._no_room_until.get(subnet, now) > now)

    def avoid(self, subnet: str | None) -> None:
        """Try this subnet last for a while."""
        self._no_room_until[subnet or ""] = self._clock() + NO_ROOM_LASTS

    def forget(self) -> None:
        """Look the subnets up anew, the next time: one may have been exchanged since."""
        self._known = None


@dataclass(frozen=True)
class Layout:
    """What was found. `reached` are those subnets that people can reach, the best first; `passed_over` the others.

    `doubt` is why that could not be told for certain, empty where it could.
    """

    reached: list[SubnetTypeDef]
    passed_over: list[SubnetTypeDef]
    doubt: str = ""


def look(client: EC2Client, subnet_ids: Sequence[str], vpc_id: str, zones: Sequence[str]) -> Layout:
    """Find the subnets that desktops may be launched in: these, or those of this VPC, else of the default VPC.

    Raises:
        LaunchRefused: there is none, none can be reached, or EC2 does not let us look.
    """
    try:
        found = _find(client, subnet_ids, vpc_id)
        usable = [subnet for subnet in found if not zones or subnet.get("AvailabilityZone") in zones]
        if not usable:
            raise LaunchRefused(
                f"There is no subnet for desktops among {_among(subnet_ids, vpc_id, zones)}.", "NoSubnet"
            )
        layout = _judge(client, sorted(usable, key=lambda subnet: _preference(subnet, subnet_ids, zones)))
    except Unavailable as error:
        if kind_of(error.__cause__) is Kind.DENIED:
            raise LaunchRefused(str(error), code_of(error.__cause__)) from error
        raise
    if not layout.reached:
        raise LaunchRefused(
            f"Nobody could reach a desktop in {', '.join(subnet['SubnetId'] for subnet in layout.passed_over)}: no "
            f"route table leads {ANYWHERE} to an internet gateway there. Name others as desktops.subnets, or add the "
            "route.",
            "NoReachableSubnet",
        )
    return layout


def _find(client: EC2Client, subnet_ids: Sequence[str], vpc_id: str) -> list[SubnetTypeDef]:
    filters: list[FilterTypeDef] = []
    with reporting("The subnets for desktops could not be listed"):
        if not vpc_id and not subnet_ids:
            vpcs = client.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
            if not vpcs:
                raise LaunchRefused(
                    "This Region has no default VPC. Name yours as desktops.vpc, or make one with "
                    "`aws ec2 create-default-vpc`.",
                    "NoDefaultVpc",
                )
            vpc_id = vpcs[0].get("VpcId", "")
        filters += [{"Name": "vpc-id", "Values": [vpc_id]}] if vpc_id else []
        filters += [{"Name": "subnet-id", "Values": list(subnet_ids)}] if subnet_ids else []
        pages = client.get_paginator("describe_subnets").paginate(Filters=filters)
        return [subnet for page in pages for subnet in page["Subnets"]]


def _among(subnet_ids: Collection[str], vpc_id: str, zones: Collection[str]) -> str:
    named = f"SUBNET_IDS ({', '.join(subnet_ids)})" if subnet_ids else "all"
    within = f"VPC_ID ({vpc_id})" if vpc_id else "their VPC" if subnet_ids else "the default VPC"
    return f"{named} of {within} in SUPPORTED_AZS ({', '.join(zones) or 'any zone'})"


def _preference(subnet: SubnetTypeDef, subnet_ids: Sequence[str], zones: Sequence[str]) -> tuple[int, int, str, str]:
    zone, name = subnet.get("AvailabilityZone", ""), subnet.get("SubnetId", "")
    of_zone = zones.index(zone) if zone in zones else 0
    return (of_zone, subnet_ids.index(name) if name in subnet_ids else 0, zone, name)


def _judge(client: EC2Client, subnets: list[SubnetTypeDef]) -> Layout:
    """Tell which subnets can be reached: those whose route table leads everywhere through an internet gateway.

    Where no table of the VPC does, or none may be looked at, the subnets count that AWS made public for everybody's
    use and nobody has given a table of their own.
    """
    vpcs = sorted({subnet.get("VpcId", "") for subnet in subnets})
    doubt, tables = "", []
    try:
        with reporting("The route tables could not be looked at"):
            pages = client.get_paginator("describe_route_tables").paginate(Filters=[{"Name": "vpc-id", "Values": vpcs}])
            tables = [table for page in pages for table in page["RouteTables"]]
    except Unavailable as error:
        if kind_of(error.__cause__) is Kind.NOT_NOW:
            raise
        doubt = str(error)
    if any(map(_leads_out, tables)):
        return _split(subnets, lambda subnet: _leads_out(_table_of(subnet, tables)))
    doubt = doubt or f"no route table of {', '.join(vpcs)} leads {ANYWHERE} to an internet gateway"
    own = {a.get("SubnetId") for table in tables for a in table.get("Associations", [])}

    def is_public(subnet: SubnetTypeDef) -> bool:
        made_public = subnet.get("DefaultForAz", False) and subnet.get("MapPublicIpOnLaunch", False)
        return made_public and subnet.get("SubnetId") not in own

    return _split(subnets, is_public, doubt)


def _split(subnets: Iterable[SubnetTypeDef], counts: Callable[[SubnetTypeDef], bool], doubt: str = "") -> Layout:
    judged = [(subnet, counts(subnet)) for subnet in subnets]
    return Layout(
        [s for s, is_reached in judged if is_reached], [s for s, is_reached in judged if not is_reached], doubt
    )


def _table_of(subnet: SubnetTypeDef, tables: Iterable[RouteTableTypeDef]) -> Any:
    """Return the route table that a subnet uses: its own, else the main one of its VPC; empty where there is none."""
    own: Any = {}
    for table in tables:
        for association in table.get("Associations", []):
            if association.get("SubnetId") == subnet.get("SubnetId"):
                return table
            if association.get("Main") and table.get("VpcId") == subnet.get("VpcId"):
                own = table
    return own


def _leads_out(table: Any) -> bool:
    return any(
        route.get("DestinationCidrBlock") == ANYWHERE
        and str(route.get("GatewayId", "")).startswith("igw-")
        and route.get("State") != "blackhole"
        for route in table.get("Routes", [])
    )
