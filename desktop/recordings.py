"""What becomes of what was recorded: who uploads it, when, and what the app is told of that.

Where agent.toml names a command, that uploads, once its person is away (`uploads.py`). Otherwise the agent does it by
links that the app signs (`uploading/`), piece by piece while the meeting lasts. The app hears of it when the person has
been away for a while, or at the end, and everything is safe; and, with what is not, when the desktop's time is up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from desktop.conversation import Place
from desktop.notice import Told
from desktop.uploading.uploader import Report, Uploader
from desktop.uploads import Uploads

LAST_CALL = timedelta(seconds=30)
"""How long before the deadline it is told what could not be saved: from then on the machine may be ended."""

SILENT_S = 150
"""How long a helper may say nothing at the end before what it still has counts as lost: Windows begins one that has
ended within a minute."""

log = logging.getLogger("elephant.desktop")


class Recordings:
    """Stepped about once a second; nothing in it waits for long."""

    def __init__(
        self,
        command: Uploads,
        uploader: Uploader,
        now: Callable[[], datetime],
        deadline: Callable[[], datetime | None],
        elapsed: Callable[[], float],
    ) -> None:
        """Take the operator's command, what uploads without one, the app's time, the deadline, and what counts seconds.

        Both moments are UTC.
        """
        self._command = command
        self._uploader = uploader
        self._now = now
        self._deadline = deadline
        self._elapsed = elapsed
        self._report: Report | None = None
        self._silent_since_s: float | None = None
        self._has_said = False

    @property
    def word(self) -> Mapping[str, Any] | None:
        """What the app is to be told, as the request's body; None for nothing."""
        if address := self._command.address:
            return {"url": address}
        return self._report.body if self._report else None

    def took(self, word: Mapping[str, Any]) -> None:
        """Note that the app has taken this."""
        if "url" in word:
            self._command.told(str(word["url"]))
        elif self._report and self._report.body == word:
            self._uploader.told(self._report)
            self._report = None

    def visited(self) -> None:
        """Note that somebody has come to the desktop."""
        self._command.visited()

    def hands_over(self, place: Place) -> bool:
        """Return whether the helper is to hand over what it has recorded."""
        return place.uploads and not self._command.is_named

    def step(
        self, place: Place, told: Told | None, environ: Mapping[str, str], *, is_time: bool, is_over: bool
    ) -> None:
        """Upload what there is, and find out what is to be told.

        `told` is the helper's word, None where it is silent; `is_time` says that its person has been away for a while,
        or everybody was sent out; `is_over` that the app has ended the meeting and may end the machine at any moment.
        """
        if self._command.is_named:
            if is_time:
                self._command.begin(environ)
            return
        if not place.uploads:
            if place.record and not self._has_said:
                log.warning("The app signs no links for this stage: nothing of what is recorded is uploaded.")
                self._has_said = True
            return
        self._uploader.step(look=is_time)  # after the helper's word was read: what it has handed over is counted
        if not is_time or not (self._command.visits or self._uploader.has_any):
            self._report = self._silent_since_s = None
            return
        is_last = is_over or self._is_near_deadline()
        also = self._of_helper(told, is_last) if place.record else ()
        if is_last or (also is not None and self._uploader.is_settled):
            self._report = self._uploader.report(self._command.visits, also or (), unfinished=is_last)

    def _of_helper(self, told: Told | None, is_last: bool) -> tuple[str, ...] | None:
        """Return what of the helper's is lost; None while it still records or hands over."""
        if told is not None:
            self._silent_since_s = None
            if not told.recording and not told.pieces_left:
                says = f" The session helper says: {told.fault}" if told.fault else ""
                return () if self._uploader.has_any else (f"Nothing was recorded.{says}",)
            left = f" with {told.pieces_left} pieces that were recorded" if told.pieces_left else ""
            return (f"The session helper has not come to its end{left}.",) if is_last else None
        if self._silent_since_s is None:
            self._silent_since_s = self._elapsed()
        if is_last or self._elapsed() - self._silent_since_s >= SILENT_S:
            return ("The session helper does not answer: what it had recorded last may be lost.",)
        return None

    def _is_near_deadline(self) -> bool:
        deadline = self._deadline()
        return deadline is not None and self._now() >= deadline - LAST_CALL
