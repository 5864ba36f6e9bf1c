"""What happened, as a person would tell it: when, by which trigger, who did what, and why.

The platform's parts write to it themselves; what the app did is read from its log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.log import Metric
from chalicelib.rules.endings import ENDINGS
from localcloud.clock import Clock
from localcloud.ledger import Ledger

_LISTS = ("desktops", "records", "timers")
_TOLD = ("status", "termination_reason")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `meeting` is empty where it is not known, `trigger` outside the app's functions."""

    at: datetime
    who: str
    what: str
    why: str = ""
    meeting: str = ""
    trigger: str = ""
    bad: bool = False


class Timeline:
    """The lines so far; `listeners` hear each new one."""

    def __init__(self, clock: Clock, ledger: Ledger) -> None:
        self.entries: list[Entry] = []
        self.listeners: list[Callable[[Entry], object]] = []
        self._clock = clock
        self._ledger = ledger

    def add(
        self, who: str, what: str, why: str = "", *, meeting: str = "", trigger: str = "", bad: bool = False
    ) -> None:
        """Write one line, now."""
        entry = Entry(self._clock.now(), who, what, why, meeting, trigger, bad)
        self.entries.append(entry)
        for listener in self.listeners:
            listener(entry)

    def of(self, who: str) -> list[Entry]:
        """Return one party's lines."""
        return [entry for entry in self.entries if entry.who == who]

    def from_log(self, record: logging.LogRecord) -> None:
        """Add what was logged: every line of the app's own log, and what libraries warn of."""
        facts: Mapping[str, Any] = getattr(record, "elephant", {})
        bad = record.levelno >= logging.WARNING
        if facts.get("event") == Metric.ENDED:
            self.add("meeting", f"has ended: {facts['Reason']}", _why(facts["Reason"]), meeting=str(facts["meeting"]))
            return
        if facts:
            if facts.get("event") == "sweep" or "_aws" in facts:  # sums and metrics: what was done has its own lines
                return
            what = _describe(facts)
            why = str(facts.get("error") or facts.get("why") or "")
        elif bad:
            what, why = record.getMessage(), ""
            if record.exc_info and record.exc_info[1]:
                why = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        else:
            return
        meeting = str(facts.get("meeting") or "")
        self.add("app", what, why, meeting=meeting, trigger=self._ledger.trigger, bad=bad)


class LogHandler(logging.Handler):
    """Takes the app's log to the timeline."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one record on."""
        self._timeline.from_log(record)


def _why(reason: str) -> str:
    """Say when a meeting ends with this reason, in the words of the rules; any other reason is somebody's own."""
    return next((ending.when for ending in ENDINGS if ending.reason == reason), "somebody called it off")


def _describe(facts: Mapping[str, Any]) -> str:
    """Say in one line what one of the app's log records is about."""
    words = [str(facts.get("event", "")).replace("_", " ")]
    words += [str(facts[name]) for name in ("role", "desktop") if facts.get(name)]
    words += [", ".join(map(str, facts[name])) for name in _LISTS if facts.get(name)]
    words += [f"{name} {value}" for name, value in (facts.get("set") or {}).items() if name in _TOLD]
    return " ".join(words)
