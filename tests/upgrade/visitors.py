"""People who hold the links of their mails, and what they see; they know the app by its addresses alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

_TIMEOUT_S = 30
_LOOK_EVERY_S = 10


class Visitor:
    """One person of one meeting, on any release's local cloud. Opens the link, waits, works, leaves, comes back."""

    def __init__(self, cloud: Any, link: str) -> None:
        query = parse_qs(urlsplit(link).query)
        [self.role], [public_id] = query["role"], query["id"]
        self.got_in: list[str] = []
        """The desktops that they were let in to."""
        self.problems: list[str] = []
        self.last_status = 0
        self._url = f"/join/{public_id}/{self.role}"
        self._cloud = cloud
        self._at = ""
        self._there = False
        self._asks = 0

    def arrive(self) -> None:
        """Open the link."""
        self._there = True
        self._ask()

    def sit(self, desktop_id: str) -> None:
        """Be in already, at this desktop, as they were when the upgrade came."""
        self._there, self._at = True, desktop_id
        self._cloud.clock.after(_LOOK_EVERY_S, self._look)

    def leave(self) -> None:
        """Finish the work, which makes the desktop upload it, and go."""
        self._there = False
        if self._is_up():
            self._cloud.desktops.all[self._at].upload()

    @property
    def is_in(self) -> str:
        """The desktop that they are at, empty while they are at none."""
        return self._at if self._there else ""

    @property
    def is_waiting(self) -> bool:
        """Whether they are at a door that is closed."""
        return self._there and not self._at

    def _ask(self) -> None:
        if not self._there:
            return
        answer = requests.get(self._cloud.url + self._url, timeout=_TIMEOUT_S)
        self.last_status = answer.status_code
        if answer.status_code == 200:
            self._enter(urlsplit(answer.json()["dcv_url"]).hostname or "")
        elif "Retry-After" in answer.headers:
            self._cloud.clock.after(int(answer.headers["Retry-After"]), self._ask)
        else:
            self._there = False

    def _enter(self, host: str) -> None:
        """Open the desktop in the browser: its name must resolve to the role's own desktop, which is up and healthy."""
        desktop_id, _, _ = host.partition(".")
        life, desktop = self._cloud.ec2.lives.get(desktop_id), self._cloud.desktops.all.get(desktop_id)
        addresses = [record["content"] for record in self._cloud.cloudflare.named(host)]
        if not life or not desktop or addresses != [life.instance.public_ip]:
            self.problems.append(f"{host} leads to {addresses}")
        elif life.state != "running" or not desktop.healthy_at or life.tags["Role"] != self.role:
            self.problems.append(f"{host} is {life.state}, healthy {desktop.healthy_at}, {life.tags['Role']}'s")
        else:
            self._at = desktop_id
            self.got_in.append(desktop_id)
        self._cloud.clock.after(_LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        """Ask again where the desktop has gone away."""
        if not self._there:
            return
        if self._is_up():
            self._cloud.clock.after(_LOOK_EVERY_S, self._look)
        else:
            self._at = ""
            self._ask()

    def _is_up(self) -> bool:
        life = self._cloud.ec2.lives.get(self._at)
        return bool(life) and life.state == "running"


def moment(text: str) -> datetime:
    """Return a moment that a recording holds, UTC."""
    return datetime.fromisoformat(text)
