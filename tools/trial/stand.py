"""How a trial meeting stands: its row, its desktops at EC2, its names in the zone, its timers; and how it is ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.control.ports import Dns
from chalicelib.domain import writes
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.model import Meeting, Reason, State
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.rules.times import TimerKind, deadline
from tools.errors import ignore_not_found
from tools.findings import Finding, fail
from tools.site import Site
from tools.trial.costs import Paid, Volume

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Look:
    """The meeting's row, and the states of its desktops that EC2 shows, by their ids."""

    meeting: Meeting
    states: Mapping[str, State]

    def state(self, role: Role) -> State | None:
        """Return the state of the desktop that the row names for a role, None where EC2 shows none."""
        return self.states.get(self.meeting.seat(role).desktop_id or "")


@dataclass
class Stand:
    """One meeting of a stage, seen by its operator.

    `zone` is None where names were never published; `policy` holds the numbers of the rules as the functions have them.
    """

    site: Site
    meeting_id: str
    zone: Dns | None
    policy: Policy
    paid: dict[str, Paid] = field(default_factory=dict)
    """What was paid for each desktop so far, by its id."""

    def __post_init__(self) -> None:
        """Find the table of meetings by the stack's outputs."""
        self._meetings = DynamoMeetings(
            self.site.client("dynamodb"), self.site.outputs["TableName"], self.site.now, time.sleep
        )

    def look(self) -> Look:
        """Look at the row and at EC2.

        Raises:
            ElephantError: the table cannot be read.
            ClientError: EC2 cannot be asked.
        """
        meeting = self._meetings.get(self.meeting_id)
        found = self._instances()
        for instance in found:
            self._count(instance)
        return Look(meeting, {each["InstanceId"]: State(each["State"]["Name"]) for each in found})

    def ends_at_the_latest(self) -> datetime | None:
        """Return when the meeting ends by itself whatever becomes of this command (UTC), None where nothing tells."""
        return deadline(self._meetings.get(self.meeting_id), self.policy)

    def call_off(self) -> bool:
        """Have the app end the meeting: write on the row what its own rules write, to which the stream is a trigger.

        Returns whether that was to be done: one that is over is left as it is.

        Raises:
            ElephantError: it could not be written.
        """
        for _ in range(_TRIES):
            meeting = self._meetings.get(self.meeting_id)
            if meeting.over:
                return False
            try:
                self._meetings.update(self.meeting_id, writes.ending(meeting, Reason.CANCELLED, self.site.now()))
            except Conflict:
                continue
            return True
        raise Unavailable(f"The row of meeting {self.meeting_id} is changed by many at once.")

    def left(self) -> list[Finding]:
        """Return what is still there of a meeting that has ended, each with what takes it away; nothing of one gone.

        Raises:
            ElephantError: the zone cannot be read.
            ClientError: AWS cannot be asked.
        """
        instances = self._instances()
        for instance in instances:
            self._count(instance)
        living = [each["InstanceId"] for each in instances if State(each["State"]["Name"]).must_be_ended]
        return [
            *(self._still("desktop", each, f"ec2 terminate-instances --instance-ids {each}") for each in living),
            *(
                self._still("volume", each, f"ec2 delete-volume --volume-id {each}")
                for each in self._volumes_left(living)
            ),
            *self._records_left(),
            *self._timers_left(),
        ]

    def _still(self, kind: str, name: str, command: str) -> Finding:
        what = f"the {kind} {name} is still there, though its meeting {self.meeting_id} has ended"
        return fail(what, f"wait two minutes for the sweep and look again; then {self.site.aws(command)}")

    def _instances(self) -> list[dict[str, Any]]:
        of_meeting = [{"Name": "tag:MeetingID", "Values": [self.meeting_id]}]
        pages = self.site.client("ec2").get_paginator("describe_instances").paginate(Filters=of_meeting)
        return [instance for page in pages for group in page["Reservations"] for instance in group["Instances"]]

    def _count(self, instance: Mapping[str, Any]) -> None:
        """Keep what a desktop is paid by: while it lives it costs, and what EC2 shows of it is gone with it."""
        known = self.paid.get(instance["InstanceId"])
        if State(instance["State"]["Name"]).must_be_ended:
            self.paid[instance["InstanceId"]] = Paid(
                str(instance["InstanceType"]),
                str(instance.get("UsageOperation", "")),
                instance["LaunchTime"],
                volumes=(known and known.volumes) or self._volumes_of(instance),
                has_address=bool(instance.get("PublicIpAddress")) or bool(known and known.has_address),
            )
        elif known and known.ended_at is None:
            known.ended_at = self.site.now()

    def _volumes_of(self, instance: Mapping[str, Any]) -> tuple[Volume, ...]:
        ids = [each["Ebs"]["VolumeId"] for each in instance.get("BlockDeviceMappings", ()) if "Ebs" in each]
        return tuple(
            Volume(str(each["VolumeId"]), int(each["Size"]), str(each.get("VolumeType", "")))
            for each in self._volumes(ids)
        )

    def _volumes(self, ids: list[str]) -> list[dict[str, Any]]:
        if not ids:
            return []
        by_id = [{"Name": "volume-id", "Values": ids}]  # as a filter: what is gone is no error
        return list(self.site.client("ec2").describe_volumes(Filters=by_id)["Volumes"])

    def _volumes_left(self, living: list[str]) -> list[str]:
        """Return the volumes of desktops that are gone; those of one that lives go with it."""
        ids = [volume.id for desktop, paid in self.paid.items() if desktop not in living for volume in paid.volumes]
        gone = {"deleting", "deleted"}
        return [str(each["VolumeId"]) for each in self._volumes(ids) if each.get("State") not in gone]

    def _records_left(self) -> list[Finding]:
        if self.zone is None:
            return []
        mine = [record.name for record in self.zone.owned() if record.meeting_id == self.meeting_id]
        doctor = self.site.make("doctor")
        return [
            fail(
                f"the name {name} is still in the zone, though its meeting {self.meeting_id} has ended",
                f"wait two minutes for the sweep; then {doctor} says whether the token may edit the zone",
            )
            for name in mine
        ]

    def _timers_left(self) -> list[Finding]:
        group, found = self.site.outputs["TimersGroup"], []
        for kind in TimerKind:
            name = f"{kind}-{self.meeting_id}"
            with ignore_not_found():
                self.site.client("scheduler").get_schedule(Name=name, GroupName=group)
                found.append(
                    self._still("timer", name, f"scheduler delete-schedule --group-name {group} --name {name}")
                )
        return found
