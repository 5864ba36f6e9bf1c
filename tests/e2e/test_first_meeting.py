"""`make smoke` on the emulator: all but desktops, the way to their names and a browser; the test stands in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.seat import Role
from localcloud.cloudflare import DOMAIN
from tests.e2e.outside import Deployed, wait_for
from tests.e2e.test_life import ROLES, SOON_S, TICK_S, moment, tell_state, write
from tools import providers
from tools.site import Site
from tools.smoke import Options, Smoke
from tools.trial.browser import Browsers
from tools.trial.reach import Reach, Way


class Straight(Reach):
    """The way to desktops that are not there: their names are in the zone."""

    def go(self, url: str) -> Way:
        return Way(("192.0.2.1",), "an issuer", datetime.now(UTC) + timedelta(days=90))


def newest(deployed: Deployed) -> str:
    """Return the id of the meeting that was scheduled last."""
    rows = deployed.client("dynamodb").scan(TableName=deployed.outputs["TableName"])["Items"]
    of_trials = [row for row in rows if row.get("teacher_name", {}).get("S", "").startswith("Smoke test")]
    return str(max(of_trials, key=lambda row: row["created_at"]["S"], default={"id": {"S": ""}})["id"]["S"])


@contextmanager
def beside(what: Callable[[], object]) -> Iterator[None]:
    """Do something in a thread of its own; what goes wrong in it is raised here."""
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            what()
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()
    if wrong:
        raise wrong[0]


def boot(deployed: Deployed, before: str) -> str:
    """Be both desktops of the next meeting until they are ready; return its id."""
    meeting = str(wait_for(lambda: (found := newest(deployed)) != before and found, TICK_S, "the meeting"))
    for role in ROLES:
        wait_for(lambda role=role: deployed.row(meeting).get(f"{role}_ec2_id"), TICK_S, f"the {role}'s desktop")
        tell_state(deployed, deployed.row(meeting)[f"{role}_ec2_id"], "running")
    for role in ROLES:
        wait_for(lambda role=role: deployed.row(meeting).get(f"{role}_ec2_link"), SOON_S, f"the {role}'s link")
        write(deployed, meeting, status="HEALTHY", instance_id=deployed.row(meeting)[f"{role}_ec2_id"])
        wait_for(lambda role=role: deployed.row(meeting).get(f"{role}_healthy_at"), SOON_S, f"the {role}'s readiness")
    return meeting


def test_a_first_meeting_is_proven_from_its_scheduling_to_an_account_with_nothing_left(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    before = newest(deployed)
    entered: dict[Role, str] = {}

    class People(Browsers):
        def open(self, role: Role, address: str) -> None:
            entered[role] = address
            write(deployed, newest(deployed), **{f"{role}_connected_at": moment(timedelta())})

        def close(self) -> None:
            for role in entered:
                write(deployed, newest(deployed), **{f"{role}_disconnected_at": moment(timedelta(seconds=1))})

    def be_desktops() -> None:
        meeting = boot(deployed, before)
        for role in ROLES:
            wait_for(lambda role=role: deployed.row(meeting).get(f"{role}_disconnected_at"), TICK_S, f"the {role} left")
        for role in ROLES:
            safe = {
                "session_data": f"https://sessions.example.com/{role}.mp4",
                "saved_at": moment(timedelta(seconds=2)),
            }
            write(deployed, meeting, **{f"{role}_{name}": value for name, value in safe.items()})
        timers = deployed.client("scheduler")
        timers.delete_schedule(Name=f"safety-{meeting}", GroupName=deployed.outputs["TimersGroup"])  # that has fired
        write(deployed, meeting, meet_time=moment(timedelta(minutes=-16)), created_at=moment(timedelta(minutes=-40)))

    site = Site(deployed.stage, deployed.client, providers.of(deployed.stage), folder=deployed.project / "stages")
    options = Options(api=deployed.url, browser="/bin/sh", anyway=True, open_for=timedelta(seconds=1))
    with beside(be_desktops):
        code = Smoke(site, options, reach=Straight, browsers=People).run()
    said = capsys.readouterr().out
    print(said)
    for step in ("scheduled", "launched", "running", "name published", "ready", "door opened", "recording safe"):
        assert f"\n{step}  " in said, said
    assert "no desktop, volume, name or timer of the meeting is left" in said
    assert "2 desktops, " in said
    assert "whole chain is proven" in said or "still wrong" in said
    assert "This does not hold" not in said
    assert code == 0
    row = deployed.row(newest(deployed))
    assert row["termination_reason"] in ("SUCCESS", "15_MIN_SUCCESS", "MAX_DURATION")
    for role in Role:
        assert f"{row[f'{role}_ec2_id']}.{DOMAIN}:8443/?authToken=" in entered[role]
        assert entered[role].endswith("#console")


def test_where_a_name_does_not_resolve_the_meeting_is_called_off(deployed: Deployed) -> None:
    before = newest(deployed)
    with beside(lambda: boot(deployed, before)):
        done = deployed.run("tools.smoke", "--stage", deployed.stage.name, "--api", deployed.url, "--anyway")
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    row = deployed.row(newest(deployed))
    assert f"{row['teacher_ec2_id']}.{DOMAIN} does not resolve here, though the app has published it" in said
    assert "is called off" in said
    assert "Nothing is paid any more." in said
    assert (row["status"], row["termination_reason"]) == ("TERMINATED", "CANCELLED")
    assert not deployed.living(MeetingID=row["id"])
