"""From two links to two desktops that are ready: polled as the page does, and told step by step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from chalicelib.domain.model import State
from chalicelib.domain.seat import Role, Seat
from tools.trial.api import Answer
from tools.trial.stand import Look
from tools.trial.steps import Failed, Steps
from tools.trial.world import Asking, Plan, World

MARGIN = timedelta(minutes=1)
_LONGEST_WAIT_S = 60.0
_LOOK_S = 5.0


class Boot:
    """Both desktops on their way to being ready."""

    def __init__(self, world: World, steps: Steps, plan: Plan, asking: Asking) -> None:
        self._world = world
        self._steps = steps
        self._plan = plan
        self._asking = asking
        self._told: dict[tuple[Role, str], object] = {}

    def wait(self) -> dict[Role, str]:
        """Poll as the page does until both doors are open, and return where they are.

        Raises:
            Failed: one is not within the boot limit; the sentence has the first thing on its way that is not there.
        """
        end = self._steps.now() + self._plan.boot_limit + MARGIN
        ready: dict[Role, str] = {}
        while True:
            look = self._world.look()
            self._follow(look)
            pause = _LONGEST_WAIT_S
            for role in Role:
                if role in ready:
                    continue
                answer = self._asking.ask(role, peek=True)
                if answer and answer.status == 200:
                    ready[role] = str(answer.body.get("dcv_url", ""))
                    self._steps.done("ready", role, f"the {role}'s desktop is ready, by its own word")
                    continue
                if answer:
                    self._tell_missing(role, answer)
                pause = min(pause, answer.retry_after_s or _LOOK_S if answer else _LOOK_S)
            if len(ready) == len(Role):
                self._follow(self._world.look())
                return ready
            if self._steps.now() >= end:
                raise self._not_ready(next(role for role in Role if role not in ready), look)
            self._steps.sleep(pause)

    def _tell(self, role: Role, what: str, text: str) -> None:
        """Tell something of a role, once as long as it stays the same."""
        if self._told.get((role, what)) != text:
            self._told[role, what] = text
            self._steps.tell(text)

    def _tell_missing(self, role: Role, answer: Answer) -> None:
        progress = answer.body.get("progress")
        missing = progress.get("missing", []) if isinstance(progress, Mapping) else []
        if missing:
            self._tell(role, "missing", f"the {role}'s desktop says: {' '.join(map(str, missing))}")

    def _follow(self, look: Look) -> None:
        """Tell what has become of the desktops since the last look."""
        for role in Role:
            seat = look.meeting.seat(role)
            if seat.refused:
                self._tell(role, f"refused {seat.attempt}", f"EC2 gives no desktop for the {role}: {seat.refused}")
            if seat.replaced and self._told.get((role, "replaced")) != seat.replaced:
                self._told[role, "replaced"] = seat.replaced
                what = f"the {role}'s desktop was replaced: {seat.replaced[-1]}"
                self._steps.amiss(what, f"docs/deploy.md#desktops-replaced; {self._plan.log}")
            if not seat.desktop_id:
                continue
            self._steps.done("launched", role, f"the {role}'s desktop is launched: {seat.desktop_id}")
            if look.state(role) is State.RUNNING:
                self._steps.done("running", role, f"the {role}'s desktop runs")
            if seat.link:
                self._steps.done("name published", role, f"{urlsplit(seat.link).hostname} is published")

    def _not_ready(self, role: Role, look: Look) -> Failed:
        """Return why a desktop is not ready, from the first thing on its way that is not there."""
        seat = look.meeting.seat(role)
        minutes = round((self._plan.boot_limit + MARGIN).total_seconds() / 60)
        who, late = f"the {role}'s desktop", f"after {minutes} minutes"
        if not seat.desktop_id:
            refused = f": EC2 says {seat.refused}" if seat.refused else ""
            return Failed(f"{who} is not launched {late}{refused}", f"{self._plan.doctor}; {self._plan.log}")
        if (state := look.state(role)) is not State.RUNNING:
            return Failed(
                f"{who} {seat.desktop_id} is {state or 'not to be seen at EC2'} {late}",
                f"docs/deploy.md#launch-failures; {self._plan.log}",
            )
        if not seat.link:
            return Failed(f"{who} runs, and its name is not published {late}", f"{self._plan.doctor}; {self._plan.log}")
        return self._says_what_it_lacks(seat, f"{who} {seat.desktop_id}", late)

    def _says_what_it_lacks(self, seat: Seat, who: str, late: str) -> Failed:
        if not seat.missing:
            return Failed(
                f"{who} runs and has a name, and nothing on it has told that it is ready {late}",
                f"see that the agent is on the image and runs as a service: {self._plan.image}",
            )
        said = " ".join(seat.missing)
        remedy = (
            self._plan.certificate if "certificate" in said.lower() else f"repair it on the image: {self._plan.image}"
        )
        return Failed(f"{who} is not ready {late}. It says: {said.rstrip('.')}", remedy)
