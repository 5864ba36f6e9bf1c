"""Lets the meetings of `plots` be lived on a local cloud, from any moment on, and tells how each of them ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import requests

from tests.upgrade.plots import PLOTS, ROLES, Plot
from tests.upgrade.visitors import Visitor

_TIMEOUT_S = 30
FRONTEND = "https://meet.example.org/join"


class Lives:
    """The meetings and their people. What is already done when it begins is told to it, what is to come it does."""

    def __init__(self, cloud: Any, table: str) -> None:
        self.ids: dict[str, str] = {}
        self.links: dict[str, dict[str, str]] = {}
        self.visitors: dict[str, dict[str, Visitor]] = {}
        self._cloud = cloud
        self._table = table

    def begin(self) -> None:
        """Let everything happen from the very beginning."""
        for plot in PLOTS:
            self._ask_later(plot)

    def go_on(
        self,
        ids: Mapping[str, str],
        links: Mapping[str, Mapping[str, str]],
        inside: Mapping[str, Mapping[str, str]],
        waiting: Mapping[str, Iterable[str]],
    ) -> None:
        """Let everything happen that is still to come.

        `ids` and `links` are those of the meetings that were asked for by now, `inside` says who is at which desktop,
        `waiting` who waits at their door.
        """
        for plot in PLOTS:
            if plot.name not in ids:
                self._ask_later(plot)
                continue
            self._arranged(plot, ids[plot.name], links[plot.name])
            for role, visitor in self.visitors[plot.name].items():
                if desktop_id := inside[plot.name].get(role):
                    visitor.sit(desktop_id)
                elif role in waiting[plot.name]:
                    self._cloud.clock.after(0, visitor.arrive)

    def inside(self, plot: Plot) -> dict[str, str]:
        """Return the desktops that the people of a meeting are at."""
        return {role: each.is_in for role, each in self.visitors.get(plot.name, {}).items() if each.is_in}

    def waiting(self, plot: Plot) -> list[str]:
        """Return which people of a meeting wait at their door."""
        return [role for role, each in self.visitors.get(plot.name, {}).items() if each.is_waiting]

    def end(self, plot: Plot, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return how a meeting ended: by its row, and by what its people saw."""
        people = self.visitors[plot.name]
        return {
            "status": row.get("status"),
            "reason": row.get("termination_reason"),
            "ended_at": row.get("ended_at"),
            "last_answers": {role: people[role].last_status for role in ROLES if role in plot.visits},
        }

    def _ask_later(self, plot: Plot) -> None:
        self._cloud.clock.at(plot.asked_at, lambda: self._ask(plot))

    def _ask(self, plot: Plot) -> None:
        """Schedule the meeting as the form does, and send its links to its people."""
        form = {
            "teacher_name": "Ada",
            "student_name": "Boonki",
            "meet_time": f"{plot.start:%Y-%m-%dT%H:%M:%SZ}",
            "duration_minutes": plot.duration_min,
            "frontend_base_url": FRONTEND,
        }
        answer = requests.post(f"{self._cloud.url}/schedule", json=form, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        body = answer.json()
        self._arranged(plot, body["id"], {role: body[f"{role}_link"] for role in ROLES})

    def _arranged(self, plot: Plot, meeting_id: str, links: Mapping[str, str]) -> None:
        self.ids[plot.name], self.links[plot.name] = meeting_id, dict(links)
        people = self.visitors[plot.name] = {role: Visitor(self._cloud, links[role]) for role in ROLES}
        for role, visit in plot.visits.items():
            self._later(plot.minute(visit.comes), people[role].arrive)
            if visit.leaves is not None:
                self._later(plot.minute(visit.leaves), people[role].leave)
        for minute, changes in plot.edits.items():
            self._later(plot.minute(minute), partial(self._edit, meeting_id, changes))
        for minute, role in plot.dies.items():
            self._later(plot.minute(minute), partial(self._shut_down, meeting_id, role))

    def _later(self, when: datetime, what: Any) -> None:
        """Let something happen at a time; what had happened by now is not repeated."""
        if when > self._cloud.clock.now():
            self._cloud.clock.at(when, what)

    def _edit(self, meeting_id: str, changes: Mapping[str, str | float]) -> None:
        """Type into a row, as somebody in the console does."""
        for name, value in changes.items():
            text = str(value)
            if name == "meet_time":
                before = datetime.fromisoformat(self._cloud.row(meeting_id)["meet_time"])
                text = f"{before + timedelta(minutes=float(value)):%Y-%m-%dT%H:%M:%SZ}"
            self._cloud.operator("dynamodb").update_item(
                TableName=self._table,
                Key={"id": {"S": meeting_id}},
                UpdateExpression="SET #name = :value",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":value": {"S": text}},
            )

    def _shut_down(self, meeting_id: str, role: str) -> None:
        self._cloud.ec2.shut_down(self._cloud.row(meeting_id)[f"{role}_ec2_id"])
