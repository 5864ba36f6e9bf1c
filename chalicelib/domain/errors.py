"""What can go wrong, in the domain's words.

Adapters translate what AWS and the DNS provider say into these; `app.py` maps them to HTTP
statuses or lets them fail the invocation. Every message names the thing, says what is wrong
and, where somebody can do something about it, what.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


class ElephantError(Exception):
    """Anything the app itself reports."""


class ConfigError(ElephantError):
    """The environment lacks a setting or holds one that cannot be used. Names all of them at once."""


class BadRequest(ElephantError):
    """A person's request cannot be understood; `problems` holds every (field, problem) pair."""

    def __init__(self, message: str, problems: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class KeyMissing(ElephantError):
    """What is asked for takes a key, and the request brought none."""


class Forbidden(ElephantError):
    """The key or signature that was brought is not the right one."""


class LinkReplaced(Forbidden):
    """The link was good once, and another one was made in its place since."""


class LimitReached(ElephantError):
    """A key was used as often today as it may be; `again_in_s` is in how many seconds it counts anew."""

    def __init__(self, message: str, again_in_s: int) -> None:
        super().__init__(message)
        self.again_in_s = again_in_s


class BadEvent(ElephantError):
    """A trigger's payload lacks what every such payload has; trying it again would not help."""


class NoSuchAddress(ElephantError):
    """The app has nothing at the path that was asked for."""


class NoSuchMeeting(ElephantError):
    """The table has no row with this id."""


class MeetingOver(ElephantError):
    """The meeting has ended; `reason` says why, and `more` what else whoever asks is told."""

    def __init__(self, message: str, reason: str | None, more: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.more = more or {}


class NotPossible(ElephantError):
    """What somebody wants of a meeting cannot be had, or not any more; the message says what they can do instead."""


class KeyTaken(ElephantError):
    """The idempotency key of a request was used before, by a request for another meeting."""


class StagePaused(ElephantError):
    """An operator has paused the stage: nothing new is scheduled or launched until they let it go on."""


class TimeFull(ElephantError):
    """As many desktops are wanted at that time as there may be at once; `free` holds the next times, UTC, with room."""

    def __init__(self, message: str, free: tuple[datetime, ...]) -> None:
        super().__init__(message)
        self.free = free


class MonthSpent(TimeFull):
    """What may be spent on the meetings of that month is; `free` is the first time after it with room, if any."""


class Conflict(ElephantError):
    """What a write was decided on changed between the look and the write: look again."""


class Unavailable(ElephantError):
    """A service cannot be reached, throttles, or fails for now: nothing is known, try again later."""


class BucketUnavailable(Unavailable):
    """The recordings' bucket cannot be used for now; the message names it, and what S3 says in one word."""


class UploadRefused(ElephantError):
    """What a desktop has uploaded is not whole, or not what it says: it must look again at what is there."""


class NoSuchUpload(UploadRefused):
    """S3 does not know the upload, or no longer: it was finished, ended, or never begun."""


class NoCapacity(ElephantError):
    """EC2 will not launch this desktop in this subnet; in another it may. `code` is EC2's own."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class LaunchRefused(ElephantError):
    """EC2 refused the launch for a reason that another subnet does not change. `code` is EC2's own."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class AttemptSpent(LaunchRefused):
    """The attempt's token belongs to a desktop that is gone, or to other parameters: take the next attempt."""


class DnsError(ElephantError):
    """The DNS provider refused a change; trying the same again would not help."""


class NotAnnounced(ElephantError):
    """Others could not be told of everything; `left` holds what they were not told, as it was to be sent.

    It `passes` where the same may be taken a little later.
    """

    def __init__(self, message: str, left: tuple[Mapping[str, Any], ...], *, passes: bool) -> None:
        super().__init__(message)
        self.left = left
        self.passes = passes


class SomeFailed(ElephantError):
    """Part of a batch failed; every failure was logged, the rest was done."""
