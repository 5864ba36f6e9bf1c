"""When which piece is uploaded, what is known to be safe, and what the app is to be told of it.

Pieces go up one at a time, the oldest first, while the meeting lasts: at the end only the last is left. One that fails
is tried again, ever more slowly, and keeps none after it waiting. Nothing is deleted here before it is safe there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from desktop.background import Line
from desktop.conversation import MOST_LINES, as_lines
from desktop.outbox import NoPiece, Outbox, Piece
from desktop.pieces import MIB
from desktop.state import State
from desktop.uploading.transfer import Digests, Erased, Tally, Trouble

SHORTEST_S, LONGEST_S = 2.0, 60.0
"""How long it is waited before a piece that has failed is tried again; twice as long each time that no part of it has
arrived."""

MOST_PIECES = 1000
"""How many pieces a desktop uploads: three days of them. Who makes more has not recorded them."""

_TAKE_S = 2.0

log = logging.getLogger("elephant.desktop")


@dataclass(frozen=True, slots=True)
class Report:
    """What the app is to be told: how many pieces are safe, what was lost, and after how many visits."""

    pieces: int
    lost: tuple[str, ...]
    visits: int

    @property
    def body(self) -> dict[str, Any]:
        """The request's body."""
        return {"pieces": self.pieces, "lost": as_lines(self.lost)}


class Sends(Protocol):
    """What sends one piece."""

    def send(
        self, piece: Piece, source: Any, digests: Digests, look: Callable[[], Piece], tally: Tally | None = None
    ) -> None:
        """Send it; when this returns, it is safe. Raises Trouble or OSError."""


@dataclass(slots=True)
class _Waits:
    """A piece that is not safe yet."""

    not_before_s: float = 0.0
    pause_s: float = SHORTEST_S
    why: str = "it has not been its turn."
    size: int | None = None
    digests: Digests = field(default_factory=Digests)
    tally: Tally = field(default_factory=Tally)


class Uploader:
    """Stepped about once a second; what takes long is done in a line of its own."""

    def __init__(self, outbox: Outbox, transfer: Sends, state: State, line: Line, elapsed: Callable[[], float]) -> None:
        """Take where pieces wait, what sends one, what is kept, the line to work in, and what counts seconds."""
        self._outbox = outbox
        self._transfer = transfer
        self._state = state
        self._line = line
        self._elapsed = elapsed
        self._waiting: dict[str, _Waits] = {}
        self._lock = threading.Lock()
        self._has_begun = self._is_at_work = self._is_erased = False
        self._is_drop_empty = False
        self._take_due_s = elapsed()
        self._trouble = ""

    def step(self, *, look: bool) -> None:
        """Take what was dropped, about every two seconds or where it is to `look` now; begin with the next piece."""
        if self._is_erased:
            return
        try:
            if look or self._elapsed() >= self._take_due_s:
                self._take_due_s = self._elapsed() + _TAKE_S
                self._take()
                self._note("")
        except OSError as error:
            self._is_drop_empty = False
            self._note(f"What was recorded cannot be taken over now: {error}.")
        if not self._is_at_work and (name := self._next()):
            self._is_at_work = True
            self._line.put(lambda: self._upload(name))

    @property
    def has_any(self) -> bool:
        """Whether anything was ever handed over."""
        return bool(self._safe() or self._lost() or self._waiting)

    @property
    def is_settled(self) -> bool:
        """Whether everything that was handed over is safe, or known to be lost."""
        return self._is_erased or (self._is_drop_empty and not self._waiting)

    def report(self, visits: int, also_lost: tuple[str, ...] = (), *, unfinished: bool = False) -> Report | None:
        """Return what the app is to be told and has not been; None for nothing.

        `unfinished` counts what is still waiting among what is lost: the desktop's time is about to be up.
        """
        if self._is_erased:
            return None
        lost = [*self._lost(), *also_lost]
        if unfinished:
            waiting = list(self._waiting.items())
            lost += [f"{name}{_shown(each.size)} is not uploaded: {each.why}" for name, each in waiting]
            lost += [self._trouble] if self._trouble else []
        told = Report(len(self._safe()), _at_most(lost), visits)
        return None if self._state.get("told_recordings") == _kept(told) else told

    def told(self, report: Report) -> None:
        """Note that the app has taken this report."""
        self._state.keep("told_recordings", _kept(report))

    def _take(self) -> None:
        if not self._has_begun:
            self._outbox.begin()
            self._has_begun = True
        if len(self._safe()) + len(self._waiting) >= MOST_PIECES:
            self._is_drop_empty = True
            self._lose(f"More than {MOST_PIECES} pieces were recorded; what came after them is not uploaded.")
        else:
            self._is_drop_empty = self._outbox.take()
        with self._lock:
            safe = self._safe()
            for name in self._outbox.names():
                if name in safe:
                    self._outbox.delete(name)  # the service ended, or the disk refused, right after it was safe
                else:
                    self._waiting.setdefault(name, _Waits())

    def _next(self) -> str | None:
        now_s = self._elapsed()
        return next((name for name, each in list(self._waiting.items()) if each.not_before_s <= now_s), None)

    def _upload(self, name: str) -> None:
        each = self._waiting[name]
        tally = each.tally
        before = tally.arrived
        why = "the agent has failed; see its log."
        try:
            piece = self._outbox.look(name)
            each.size = piece.size
            with self._outbox.open(name) as source:
                piece = self._outbox.mark(name, source)
                self._transfer.send(piece, source, each.digests, lambda: self._outbox.mark(name, source), tally)
            self._is_safe(name, piece, tally)
            why = ""
        except (NoPiece, FileNotFoundError) as error:
            self._lose(str(error) if isinstance(error, NoPiece) else f"{name} is gone from {self._outbox.folder}.")
            self._forget(name)
            why = ""
        except Erased as error:
            log.warning("Nothing more is uploaded. %s", error)
            self._is_erased, why = True, ""
        except Trouble as error:
            why = str(error)
        except OSError as error:
            why = f"it cannot be read ({error})."
        finally:
            if why:
                self._try_later(name, each, why, arrived=tally.arrived > before)
            self._is_at_work = False

    def _try_later(self, name: str, each: _Waits, why: str, *, arrived: bool) -> None:
        if arrived:
            each.pause_s = SHORTEST_S
        if why != each.why:
            log.warning("%s is not safe yet. %s It is tried again.", name, why)
        each.why = why
        each.not_before_s = self._elapsed() + each.pause_s
        each.pause_s = min(2 * each.pause_s, LONGEST_S)

    def _is_safe(self, name: str, piece: Piece, tally: Tally) -> None:
        """Note that a piece is safe, and only then delete it here."""
        sent = f"{tally.taken} parts were sent, and {tally.failed} begun in vain"
        log.info("%s%s is safe: %s.", name, _shown(piece.size), sent)
        with self._lock:
            safe = [*self._safe(), name]
            is_kept = self._state.keep("safe", safe)
            try:
                self._outbox.delete(name)
            except OSError as error:  # tried again whenever the outbox is looked through
                log.warning("%s is safe, and cannot be deleted here: %s.", name, error)
            if not is_kept:  # there may be room now
                self._state.keep("safe", safe)
            self._forget(name)
            for other in self._waiting.values():  # what kept them waiting may have passed as well
                other.not_before_s = 0.0

    def _forget(self, name: str) -> None:
        self._waiting.pop(name, None)

    def _lose(self, sentence: str) -> None:
        lost = self._lost()
        if sentence not in lost:
            log.error("%s", sentence)
            self._state.keep("lost", [*lost, sentence][: 10 * MOST_LINES])

    def _safe(self) -> list[str]:
        return _texts(self._state.get("safe"))

    def _lost(self) -> list[str]:
        return _texts(self._state.get("lost"))

    def _note(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.warning("%s", trouble)
        self._trouble = trouble


def _at_most(lost: list[str]) -> tuple[str, ...]:
    if len(lost) <= MOST_LINES:
        return tuple(lost)
    return (*lost[: MOST_LINES - 1], f"And {len(lost) - MOST_LINES + 1} more; see the desktop's log.")


def _shown(size: int | None) -> str:
    return "" if size is None else f" ({size / MIB:.1f} MiB)"


def _kept(report: Report) -> list[Any]:
    return [report.pieces, list(report.lost), report.visits]


def _texts(kept: object) -> list[str]:
    return [each for each in kept if isinstance(each, str)] if isinstance(kept, list) else []
