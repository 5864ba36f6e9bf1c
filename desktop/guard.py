"""The last word: a desktop past its deadline ends itself, whatever has become of the app.

The deadline is the launch's own tag. It moves when the meeting is made longer, so it is read anew; what was read last
is kept, for metadata that do not answer and for a restart. The image's guard in the user data looks at the same tag
and stays beside this one: it needs no agent.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from desktop.machine.system import Ends
from desktop.metadata import Machine, MetadataUnavailable
from desktop.state import State

MARGIN = timedelta(minutes=10)
"""How much later than its deadline a desktop ends itself: by then the control plane would have ended it."""

LOOK_S = 300
_AGAIN_S = 60
_LONGEST = timedelta(days=8)
"""How far a deadline may be moved from where it was at first: no meeting lasts longer than a week."""

# Just as the app writes it, in UTC.
_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z", re.ASCII)

log = logging.getLogger("elephant.desktop")


class Guard:
    """Looks at the deadline every five minutes; a machine that no launch has given one is never ended."""

    def __init__(
        self,
        machine: Ends,
        read: Callable[[], Machine],
        state: State,
        now: Callable[[], datetime],
        elapsed: Callable[[], float],
    ) -> None:
        """Take the machine, what reads its metadata, what is kept, the app's time (UTC), and what counts seconds."""
        self._machine = machine
        self._read = read
        self._state = state
        self._now = now
        self._elapsed = elapsed
        self._due_s = elapsed()

    @property
    def deadline(self) -> datetime | None:
        """The deadline as it was read last, UTC; None for none."""
        return _moment(self._state.get("deadline"))

    def step(self) -> None:
        """Look, if that is due, and end the machine where its time is up."""
        if self._elapsed() < self._due_s:
            return
        self._due_s = self._elapsed() + LOOK_S
        try:
            self._learn(self._read().tags.get("Deadline"))
        except MetadataUnavailable as error:
            log.warning("Whether the deadline has moved cannot be told. %s", error)
        deadline = self.deadline
        if deadline is None or self._now() < deadline + MARGIN:
            return
        self._due_s = self._elapsed() + _AGAIN_S
        log.warning("The deadline, %s, has passed: the machine ends itself.", deadline)
        try:
            self._machine.shut_down()
        except OSError as error:
            log.error("The machine cannot be shut down (%s); it is tried again.", error)

    def _learn(self, tag: str | None) -> None:
        told, first = _moment(tag), _moment(self._state.get("first_deadline"))
        if told is None:
            if tag is not None:
                log.warning("The tag Deadline says %.40r, which the app does not write; it counts for nothing.", tag)
            return
        if first is None:
            self._state.keep("first_deadline", tag)
        elif told > first + _LONGEST:
            log.warning("The tag Deadline says %s, later than any meeting can last; it counts for nothing.", told)
            return
        if told != self.deadline:
            log.info("The deadline is %s.", told)
            self._state.keep("deadline", tag)


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str) or not _FORM.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
