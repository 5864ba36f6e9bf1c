"""What a plan is made of: the things that the app can do, as values. Each says why it is done.

An action names the actions that it `needs`: it is left out where one of them failed. What it does not name,
it does not depend on, wherever it stands in the plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.model import DnsRecord
from chalicelib.domain.seat import Role
from chalicelib.domain.update import BaseStep, Update


@dataclass(frozen=True, slots=True)
class Observe:
    """The plan needs to see the meeting's desktops before it can decide."""

    why: str


class Cause(StrEnum):
    """Why a desktop is launched; a metric's dimension, so there are few."""

    DUE = "DUE"
    RESUMED = "RESUMED"
    REFUSED = "REFUSED"
    GONE = "GONE"
    LATE_BOOT = "LATE_BOOT"
    NOT_READY_AGAIN = "NOT_READY_AGAIN"
    ASKED = "ASKED"

    @property
    def is_lateness(self) -> bool:
        """Whether the desktop before lives, and was not ready in time: a role is given another for that once."""
        return self in (Cause.LATE_BOOT, Cause.NOT_READY_AGAIN)


_CAUSES = {
    Cause.DUE: "the meeting is due",
    Cause.RESUMED: "the launch was begun and its outcome is not on the row",
    Cause.REFUSED: "the last attempt was refused",
    Cause.GONE: "its desktop is gone",
    Cause.LATE_BOOT: "its desktop was not ready within the boot limit",
    Cause.NOT_READY_AGAIN: "its desktop stopped being ready, and was not again within the boot limit",
    Cause.ASKED: "another desktop was asked for",
}


def cause_of(why: str) -> Cause | None:
    """Return the cause that a row gives in these words for a desktop's replacement, None where it is none of these."""
    return next((cause for cause, words in _CAUSES.items() if why.startswith(words)), None)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One role's launch: what the intent on the row says and the launch token is made from.

    `after` is the subnet in which the attempt before came to nothing: another is tried first. `state_reason` is why
    EC2 says that the desktop before is gone, and `lost` what of its recording is lost with it, as a sentence.
    """

    role: Role
    number: int
    subnet: str | None  # None: a new attempt, whose subnet is chosen when it is applied
    cause: Cause
    after: str | None = None
    state_reason: str | None = None
    lost: str | None = None

    @property
    def why(self) -> str:
        """Return the cause as a sentence's part."""
        return f"{_CAUSES[self.cause]} ({self.state_reason})" if self.state_reason else _CAUSES[self.cause]

    @property
    def reason(self) -> str:
        """Return the cause as a metric's dimension: EC2's own code where EC2 ended the desktop by itself."""
        code = (self.state_reason or "").partition(":")[0]
        return self.cause if not code or code.endswith("Shutdown") else code


@dataclass(frozen=True, slots=True)
class Launch(BaseStep):
    """Begin or resume the launch of one or both desktops; the intent is persisted first.

    `forced`: by somebody's word, before the meeting's time.
    """

    attempts: tuple[Attempt, ...]
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Publish(BaseStep):
    """Make names resolve; with `repair` they may be in the zone already, with a wrong address."""

    records: tuple[DnsRecord, ...]
    repair: bool = False


@dataclass(frozen=True, slots=True)
class Withdraw(BaseStep):
    """Take names out of DNS; a name that is not there is fine."""

    records: tuple[DnsRecord, ...]


@dataclass(frozen=True, slots=True)
class Terminate(BaseStep):
    """End desktops for good; one that is gone is fine."""

    desktop_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rearm(BaseStep):
    """Let desktops bear another deadline, which their guests obey too."""

    desktop_ids: tuple[str, ...]
    deadline: datetime


@dataclass(frozen=True, slots=True)
class DropTimers(BaseStep):
    """Delete timers that have not fired yet; one that is gone is fine."""

    names: tuple[str, ...]


Effect = Publish | Withdraw | Terminate | Rearm | DropTimers
"""What is done outside the table."""

Step = Update | Launch | Effect
Action = Observe | Step


def is_undecided(actions: Iterable[Action]) -> bool:
    """Return whether a plan could not be decided without a look at the meeting's desktops."""
    return any(isinstance(action, Observe) for action in actions)
