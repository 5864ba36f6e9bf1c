"""The chain that a trial proves, link by link: from two links in a form's answer to an account with nothing left."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from chalicelib.domain.errors import ElephantError
from chalicelib.domain.model import Reason
from chalicelib.domain.seat import Role
from tools.findings import Finding, as_sentence, fail
from tools.trial.api import Invitation, Trouble
from tools.trial.boot import MARGIN, Boot
from tools.trial.stand import Look
from tools.trial.steps import Failed, Steps
from tools.trial.world import TROUBLE_LASTS, Asking, Plan, World, ended_too_soon

DOOR_OPENS = timedelta(seconds=90)
"""How long a browser may take from its start until its desktop tells that somebody is there."""

PEOPLE_COME = timedelta(minutes=10)
RECORDING_FOLLOWS = timedelta(minutes=2)
"""How long after the meeting's end a recording may still be noted on its row."""

ALL_GOES = timedelta(minutes=5)
GOOD_ENDS = (Reason.SUCCESS, Reason.EARLY_SUCCESS, Reason.MAX_DURATION)
_LOOK_S = 5.0
_NO_HURRY_S = 15.0


@dataclass
class Chain:
    """One trial on its way."""

    world: World
    steps: Steps
    plan: Plan
    invitation: Invitation
    ends_at: datetime | None = field(init=False, default=None)
    """When the meeting ends by itself at the latest (UTC), None while that is not known."""
    sought_remains: bool = field(init=False, default=False)
    """Whether it was waited until nothing was left, be it in vain."""
    _asking: Asking = field(init=False)

    def __post_init__(self) -> None:
        """Begin with patience."""
        self._asking = Asking(self.world, self.steps, self.plan)

    def run(self) -> None:
        """Prove the chain.

        Raises:
            Failed: a link of it does not hold.
        """
        self.ends_at = self.world.ends_at_the_latest()
        self.steps.tell(f"Ctrl-C has the meeting ended. Where this command is killed, {self.by_itself}.")
        addresses = Boot(self.world, self.steps, self.plan, self._asking).wait()
        for role, address in addresses.items():
            way = self.world.reach(address)
            self.steps.done("way in", role, f"{urlsplit(address).hostname} {way}")
        self._open_doors()
        self._stay()
        self.world.close_doors()
        self.steps.done("doors closed", None, "the browsers are closed" if not self.plan.hands else "that is enough")
        if self.plan.hands:
            self.steps.tell("Please close both desktops' tabs now; do not use them again.")
        self._wait_for_end()
        self._see_that_all_is_gone()

    @property
    def by_itself(self) -> str:
        """When the meeting ends without anybody's doing, as a clause."""
        return f"it ends by itself at {self.ends_at:%H:%M} UTC at the latest" if self.ends_at else "it ends by itself"

    # --- in and out

    def _open_doors(self) -> None:
        if self.plan.hands:
            for role in Role:
                self.steps.tell(f"No browser was found here. Open this as the {role}: {self.invitation.links[role]}")
            self.steps.tell("Each in a browser window of its own; then click *Open my desktop*, and stay.")
        else:
            for role in Role:
                self.world.open_door(role, self._click(role))
        patience = PEOPLE_COME if self.plan.hands else DOOR_OPENS

        def both_are_in() -> bool | None:
            look = self.world.look()
            seats = [look.meeting.seat(role) for role in Role]
            for seat in seats:
                if seat.is_connected:
                    self.steps.done(
                        "door opened", seat.role, f"somebody is at the {seat.role}'s desktop, by its own word"
                    )
            if look.meeting.over:
                raise ended_too_soon(self.plan, look.meeting.reason or "")
            return True if all(seat.connected_at for seat in seats) else None

        self.steps.until(both_are_in, patience, lambda: self._door_refused(patience), _LOOK_S)

    def _click(self, role: Role) -> str:
        """Click as a person does, and return the address that opens the desktop."""
        answer = self.steps.until(
            lambda: self._asking.ask(role, peek=False), TROUBLE_LASTS + MARGIN, lambda: self._no_answer(role), _LOOK_S
        )
        token = answer.body.get("auth_token")
        if answer.status != 200:
            raise Failed(
                f"the {role}'s door was open, and is closed at the click: {answer.message.rstrip('.')}", self.plan.log
            )
        if not token:
            raise Failed(f"the app lets the {role} in and hands over no token for the door", self.plan.doctor)
        parts = urlsplit(str(answer.body["dcv_url"]))
        return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", f"authToken={token}", "console"))

    def _no_answer(self, role: Role) -> Failed:
        return Failed(f"the app does not answer the {role}'s click", self.plan.doctor)

    def _door_refused(self, patience: timedelta) -> Failed:
        look = self.world.look()
        out = [role for role in Role if not look.meeting.seat(role).connected_at]
        who = " and ".join(f"the {role}'s desktop" for role in out)
        seconds = round(patience.total_seconds())
        ended = [
            f"its browser ended by itself ({code})" for role, code in self.world.browsers_ended().items() if role in out
        ]
        why = f"; {ended[0]}" if ended else ""
        return Failed(
            f"the door did not open: for {seconds} s {who} tells of nobody who is connected{why}",
            "open the links yourself and see what DCV's page says; the agent's own log on the desktop has the reason "
            "of each refusal (docs/desktop.md)",
        )

    def _stay(self) -> None:
        """Stay in for a while; whose connection breaks off meanwhile is told."""
        end = self.steps.now() + self.plan.open_for
        lost: set[Role] = set()
        while self.steps.now() < end:
            self.steps.sleep(min(_LOOK_S, max((end - self.steps.now()).total_seconds(), 0.1)))
            look = self.world.look()
            if look.meeting.over:
                raise ended_too_soon(self.plan, look.meeting.reason or "")
            for role in Role:
                if role not in lost and not look.meeting.seat(role).is_connected:
                    lost.add(role)
                    self.steps.amiss(
                        f"the connection to the {role}'s desktop broke off before the trial closed it",
                        "open the link yourself and stay for some minutes; see whether the proxy cuts WebSockets off",
                    )

    # --- recordings and the end

    def _wait_for_end(self) -> None:
        """Wait for the end by the ordinary rules, and for the recordings of a stage that records."""
        now = self.steps.now()
        self.steps.tell(f"Now the meeting is left to its own rules: {self.by_itself}.")

        def has_ended() -> Look | None:
            look = self.world.look()
            self._follow_recordings(look)
            return look if look.meeting.finished else None

        patience = max((self.ends_at or now) - now, timedelta()) + ALL_GOES
        look = self.steps.until(has_ended, patience, self._never_ended, _NO_HURRY_S)
        reason = look.meeting.reason or ""
        self.steps.done("ended", None, f"the meeting has ended: {reason}")
        if self.plan.records:
            self._see_recordings()
            self._tell_what_was_lost(self.world.look())
        if reason not in GOOD_ENDS:
            raise ended_too_soon(self.plan, reason)

    def _follow_recordings(self, look: Look) -> tuple[Role, ...]:
        """Tell which recordings are safe; return the roles whose are not."""
        for role in Role:
            if where := look.meeting.row.get(look.meeting.seat(role).attribute("session_data")):
                self.steps.done("recording safe", role, f"the {role}'s recording is safe: {where}")
        return tuple(role for role in Role if not look.meeting.seat(role).uploaded)

    def _see_recordings(self) -> None:
        def both_are_safe() -> bool | None:
            return None if self._follow_recordings(self.world.look()) else True

        self.steps.until(both_are_safe, RECORDING_FOLLOWS, self._no_recording)

    def _tell_what_was_lost(self, look: Look) -> None:
        for role in Role:
            if said := _lost(look, role):
                what = f"a part of the {role}'s recording is lost. Its desktop says: {said}"
                self.steps.amiss(what, f"docs/desktop.md; {self.plan.log}")

    def _no_recording(self) -> Failed:
        look = self.world.look()
        without = self._follow_recordings(look)
        who = " and ".join(f"the {role}'s desktop" for role in without)
        lost = " ".join(filter(None, (_lost(look, role) for role in without)))
        said = f". It says: {lost}" if lost else ""
        return Failed(
            f"the stage records, and there is no recording of {who}{said}",
            f"see that the image has a recorder: {self.plan.image}; then {self.plan.doctor} looks at the bucket",
        )

    def _never_ended(self) -> Failed:
        return Failed(
            f"the meeting has not ended, {round(ALL_GOES.total_seconds() / 60)} minutes after it had to",
            f"docs/deploy.md#sweep-stopped; {self.plan.doctor}",
        )

    def _see_that_all_is_gone(self) -> None:
        self.wait_until_gone()
        for role in Role:
            try:
                status = self.world.join(role, peek=True).status
            except Trouble as trouble:
                raise Failed(
                    f"whether the {role}'s link is closed cannot be told: {trouble}", self.plan.doctor
                ) from trouble
            if status != 410:
                raise Failed(
                    f"the meeting has ended, and the {role}'s link answers {status} and not 410", self.plan.log
                )

    def wait_until_gone(self) -> None:
        """Wait until nothing is left of the meeting, which has ended.

        Raises:
            Failed: something is.
        """
        self.sought_remains = True
        found: list[Finding] = []

        def all_is_gone() -> bool | None:
            try:
                found[:] = self.world.left()
            except ElephantError as error:  # unknown is never gone
                found[:] = [fail(f"whether all is gone cannot be told: {as_sentence(error)}", self.plan.doctor)]
            return None if found else True

        def still_there() -> Failed:
            self.steps.wrong.extend(found[1:])
            return Failed(found[0].what, found[0].remedy)

        self.steps.until(all_is_gone, ALL_GOES, still_there)
        self.steps.done("all is gone", None, "no desktop, volume, name or timer of the meeting is left")


def _lost(look: Look, role: Role) -> str:
    """Return what a desktop says that could not be saved, as its sentences, the last without its full stop."""
    return " ".join(look.meeting.seat(role).recording_lost).rstrip(".")
