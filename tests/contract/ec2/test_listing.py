"""How the EC2 adapter lists instances."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.errors import ConfigError, Unavailable
from chalicelib.domain.seat import Role
from chalicelib.environment import DesktopSettings
from tests.contract.conftest import ec2_desktops
from tests.contract.ec2.launcher import DEADLINE, Launcher


class TestListing:
    def test_goes_on_to_the_next_page(self, launcher: Launcher) -> None:
        launcher.account.largest_page = 5
        launched = {launcher.launch(f"m{number}").id for number in range(12)}
        pages = list(launcher.desktops.fleet())
        assert [len(page) for page in pages] == [5, 5, 2]
        assert {desktop.id for page in pages for desktop in page} == launched
        asked = launcher.account.requests.to("DescribeInstances")
        assert [request["MaxResults"] for request in asked] == [1000, 1000, 1000]
        assert ["NextToken" in request for request in asked] == [False, True, True]

    def test_asks_for_pages_as_large_as_ec2_gives(self, launcher: Launcher) -> None:
        list(launcher.desktops.fleet())
        assert launcher.account.requests.to("DescribeInstances")[0]["MaxResults"] == 1000

    def test_asks_by_filter_since_an_unknown_id_would_fail_the_whole_request(self, launcher: Launcher) -> None:
        launcher.desktops.find("i-1")
        launcher.desktops.of_meeting("m1", ["i-1", "i-2"])
        list(launcher.desktops.fleet())
        asked = [
            {f["Name"]: f["Values"] for f in r["Filters"]} for r in launcher.account.requests.to("DescribeInstances")
        ]
        assert asked == [
            {"instance-id": ["i-1"]},
            {"tag:Project": ["Elephant"], "tag:MeetingID": ["m1"]},
            {"instance-id": ["i-1", "i-2"]},
            {"tag:Project": ["Elephant"]},
        ]

    def test_a_name_on_the_row_is_not_sent_as_a_pattern(self, launcher: Launcher) -> None:
        launcher.desktops.find("*")
        launcher.desktops.of_meeting("m1", ["i-*", "i-?"])
        asked = [
            value
            for request in launcher.account.requests.to("DescribeInstances")
            for listed in request["Filters"]
            if listed["Name"] == "instance-id"
            for value in listed["Values"]
        ]
        assert not set(asked) & {"*", "i-*", "i-?"}  # not sent at all, or escaped: EC2 takes these as patterns

    def test_a_failure_on_a_later_page_is_no_end_of_the_list(self, launcher: Launcher) -> None:
        launcher.account.largest_page = 5
        for number in range(6):
            launcher.launch(f"m{number}")
        pages = launcher.desktops.fleet()
        assert len(next(pages)) == 5
        launcher.account.instead["DescribeInstances"] = ("RequestLimitExceeded", 503)
        with pytest.raises(Unavailable):
            next(pages)

    def test_needs_no_launch_settings(self, launcher: Launcher) -> None:
        desktop = launcher.launch()

        def missing() -> DesktopSettings:
            raise ConfigError("AMI_ID is not set")

        desktops = ec2_desktops(launcher.account, missing, launcher.clock)
        assert desktops.find(desktop.id)
        assert desktops.of_meeting("m1", [])
        assert list(desktops.fleet())
        with pytest.raises(ConfigError):
            desktops.launch("m1", Attempt(Role.TEACHER, 1, launcher.subnet, Cause.DUE), DEADLINE)
        desktops.terminate([desktop.id])


class TestMemory:
    def test_what_is_remembered_of_instances_is_bounded(self, launcher: Launcher) -> None:
        desktop = launcher.launch()
        launcher.desktops.find(desktop.id)

        def requests_for(desktop_id: str) -> int:
            launcher.account.requests.clear()
            launcher.desktops.whose(desktop_id)
            return len(launcher.account.requests)

        assert requests_for(desktop.id) == 0
        for number in range(5000):
            desktop_id = f"i-{number:017x}"
            instance = {"InstanceId": desktop_id, "State": {"Name": "running"}}
            launcher.account.instead["DescribeInstances"] = {"Reservations": [{"Instances": [instance]}]}
            launcher.desktops.find(desktop_id)
        assert requests_for(desktop.id) == 1


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        (
            {
                "StateReason": {
                    "Code": "Client.InternalError",
                    "Message": "Client.InternalError: Client error on launch",
                }
            },
            "Client.InternalError: Client error on launch",
        ),
        (
            {"StateReason": {"Code": "Server.InternalError", "Message": "Out of order"}},
            "Server.InternalError: Out of order",
        ),
        ({"StateReason": {"Code": "Client.VolumeLimitExceeded"}}, "Client.VolumeLimitExceeded"),
        ({"StateReason": {"Code": "", "Message": ""}, "StateTransitionReason": "User initiated"}, "User initiated"),
        ({"StateReason": {"Code": None, "Message": None}, "StateTransitionReason": ""}, None),
        ({}, None),
    ],
    ids=["at once", "the code apart", "a code alone", "a transition", "nothing", "not even that"],
)
def test_why_ec2_ended_an_instance_is_understood(
    launcher: Launcher, told: dict[str, Any], understood: str | None
) -> None:
    instance = {"InstanceId": "i-1", "State": {"Name": "terminated"}, **told}
    launcher.account.instead["DescribeInstances"] = {"Reservations": [{"Instances": [instance]}]}
    found = launcher.desktops.find("i-1")
    assert found
    assert found.state_reason == understood
