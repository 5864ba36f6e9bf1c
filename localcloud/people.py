"""The teacher and the student: they schedule as the form does, wait as a page does, work, lose the connection, leave.

And those who only open a link: a tab that is left open, a program that looks at what is in a mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from localcloud.clock import Clock
from localcloud.cloudflare import Cloudflare
from localcloud.desktops import Desktop, Desktops
from localcloud.timeline import Timeline

_TIMEOUT_S = 30
_CHECK_EVERY_S = 10
_PEEK_AGAIN_S = 30
RELOADING_S = 3
"""How long the connection is gone when a page is loaded anew, in seconds."""

FRONTEND = "https://meet.example.org/join"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What scheduling answers."""

    meeting_id: str
    links: dict[str, str]


def schedule(url: str, timeline: Timeline, meet_time: datetime, **more: Any) -> Invitation:
    """Schedule a meeting over HTTP, as the form does.

    Raises:
        requests.HTTPError: the app refused.
    """
    form = {
        "teacher_name": "Ada",
        "student_name": "Boonki",
        "meet_time": meet_time.isoformat().replace("+00:00", "Z"),
        "frontend_base_url": FRONTEND,
        **more,
    }
    timeline.add("teacher", "schedules the meeting", f"POST /schedule for {meet_time:%H:%M}")
    response = requests.post(f"{url}/schedule", json=form, timeout=_TIMEOUT_S)
    response.raise_for_status()
    answer = response.json()
    return Invitation(answer["id"], {role: answer[f"{role}_link"] for role in ("teacher", "student")})


class Person:
    """Somebody with a link. While away, nothing happens; while there, they poll until they are in.

    By a page that `peeks` it is looked whether the door is open, and the click comes when it is. Other pages, as the
    reference project's, know nothing of that: each time they ask is a click.
    """

    def __init__(
        self,
        link: str,
        url: str,
        cloudflare: Cloudflare,
        desktops: Desktops,
        clock: Clock,
        timeline: Timeline,
        *,
        peeks: bool = False,
    ) -> None:
        query = parse_qs(urlsplit(link).query)
        self.role = query["role"][0]
        self.at: Desktop | None = None
        self.locked_out: list[str] = []
        """What was wrong with each address that join handed out and that led nowhere."""
        self.last_answer: tuple[int, dict[str, Any]] = (0, {})
        self.visits = 0
        self._meeting_id, _, _ = query["id"][0].partition(".")  # what follows is the signature
        self._join_url = f"{url}/join/{query['id'][0]}/{self.role}"
        self._peeks = peeks
        self._clicks = True
        self._present = False
        self._token: str | None = None
        self._cloudflare = cloudflare
        self._desktops = desktops
        self._clock = clock
        self._timeline = timeline

    def arrive(self) -> None:
        """Open the link and wait to be let in."""
        self._present = True
        self._tell("opens the link")
        self._ask()

    def watch(self) -> None:
        """Open the link in a tab, and never click: the page asks for as long as it is open."""
        self._clicks = False
        self._present = True
        self._tell("has the link open in a tab, and is not there")
        requests.head(self._join_url, timeout=_TIMEOUT_S)  # programs that look at links ask so first
        self._ask()

    def leave(self) -> None:
        """Finish the work and go, or close the tab; the desktop uploads what there is."""
        self._present = False
        self._tell("is done and leaves" if self._clicks else "has the tab closed")
        if self.at:
            self.at.leave()

    def reload(self) -> None:
        """Load the desktop's page anew: the connection ends for some seconds."""
        self.lose_connection(RELOADING_S)

    def lose_connection(self, for_s: float) -> None:
        """Lose the connection for so many seconds; the browser comes back with the token that it has."""
        if self._present and self.at:
            self._tell("loses the connection")
            self.at.disconnect()
            self._clock.after(for_s, self._come_back)

    def _come_back(self) -> None:
        if not (self._present and self.at and self.at.running):
            return
        if self._token is None:  # whoever is sent without one comes by the link again
            self._ask()
        elif refusal := self.at.admit(self._token):
            self._tell("clicks again", refusal)
            self.at = None
            self._ask()
        else:
            self._tell("is in again")

    def _ask(self, *, click: bool = False) -> None:
        if not self._present:
            return
        click = click or not self._peeks
        response = requests.get(self._join_url, {} if click else {"peek": 1}, timeout=_TIMEOUT_S)
        before, self.last_answer = self.last_answer, (response.status_code, response.json())
        status, answer = self.last_answer
        if status == 200 and click:
            self._token = answer.get("auth_token")
            self._enter(answer["dcv_url"])
        elif status == 200 and self._clicks:
            self._ask(click=True)
        elif status == 200:
            self._clock.after(int(response.headers.get("Retry-After", _PEEK_AGAIN_S)), self._ask)
        elif "Retry-After" in response.headers:
            if (before[0], before[1].get("status")) != (status, answer.get("status")):
                self._tell(f"waits: {status} {answer.get('status', '')}".rstrip(), str(answer.get("message", answer)))
            self._clock.after(int(response.headers["Retry-After"]), self._ask)
        else:
            self._tell(f"is turned away: {status}", str(answer.get("message", answer)), bad=status >= 500)

    def _enter(self, dcv_url: str) -> None:
        """Open the address in the browser: the name must resolve to a desktop that is up, theirs, and lets them in."""
        host = urlsplit(dcv_url).hostname or ""
        addresses = {record["content"] for record in self._cloudflare.named(host)}
        self.at = next((d for d in self._desktops.all.values() if d.life.instance.public_ip in addresses), None)
        problem = ""
        if not addresses:
            problem = f"{host} does not resolve"
        elif not self.at or not self.at.running or not self.at.healthy_at:
            problem = f"{host} leads to no desktop that is up"
        elif self.at.role != self.role:
            problem = f"{host} is the {self.at.role}'s desktop"
        elif refusal := self.at.admit(self._token):
            problem = f"{host} lets nobody in: {refusal}"
        if problem:
            self.locked_out.append(problem)
            self._tell("cannot get in", problem, bad=True)
            self.at = None
        else:
            self.visits += 1
            self._tell("is in", dcv_url)
        self._clock.after(_CHECK_EVERY_S, self._check_desktop)

    def _check_desktop(self) -> None:
        """Ask again when the desktop has gone away under them."""
        if not self._present:
            return
        if self.at and self.at.running:
            self._clock.after(_CHECK_EVERY_S, self._check_desktop)
            return
        if self.at:
            self._tell("sees the desktop go and reloads the page")
            self.at = None
        self._ask()

    def _tell(self, what: str, why: str = "", *, bad: bool = False) -> None:
        self._timeline.add(self.role, what, why, meeting=self._meeting_id, bad=bad)
