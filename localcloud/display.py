"""The timeline and its sums, in a terminal."""

from __future__ import annotations

import io
import re
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from localcloud.cloudflare import DOMAIN
from localcloud.ledger import DESKTOP, Ledger
from localcloud.timeline import Entry

_WHY_LENGTH = 100
_ID_WIDTH = 8
_WHO_WIDTH = len("app, launch timer")
_NARROWEST = 20
_REPEAT_AFTER = timedelta(minutes=5)
_STYLES = {
    "app": "bold",
    "meeting": "bold yellow",
    "EC2": "cyan",
    "DNS": "magenta",
    "Scheduler": "blue",
    "teacher": "green",
    "student": "green",
}
_INSTANCE = re.compile(r"\b(i-[0-9a-f]{5})[0-9a-f]{12}\b")
_UUID = re.compile(r"\b([0-9a-f]{8})-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b")


LEGEND = """\
Each line: when, who, what they do · why. Behind "app" stands what has set it
off: what somebody asked for (schedule, join), one of the meeting's two timers,
an event of EC2, the stream of the table's changes, or the sweep, which looks at
everything once a minute. To publish is to make the DNS record that leads to a
desktop, to withdraw is to delete it; an update writes the meeting's row in the
table. T is the meeting's time. At the checkpoint, T+15, it is looked at who has
come and who has uploaded their work.
"""
"""What the words of a timeline mean, for who has not read the docs; as narrow as a terminal may be."""


def console(stream: TextIO | None = None) -> Console:
    """Return the terminal, or what stands for it: as wide as it is or as COLUMNS says, 80 where neither is known.

    Where the output's encoding lacks a character, a question mark stands for it. `stream` is standard output
    unless another is given.
    """
    out = stream or sys.stdout
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="replace")
    return Console(highlight=False, file=out)


def short(text: str) -> str:
    """Cut ids down to what tells them apart."""
    return _UUID.sub(r"\1", _INSTANCE.sub(r"\1", text)).replace(f".{DOMAIN}", "")


def offset(moment: datetime, t: datetime) -> str:
    """Return a moment as minutes and seconds before or after T."""
    seconds = round((moment - t).total_seconds())
    return f"T{'-' if seconds < 0 else '+'}{abs(seconds) // 60}:{abs(seconds) % 60:02}"


def line_printer(out: Console, t: datetime | None = None) -> Callable[[Entry], None]:
    """Return what prints a line of the timeline as soon as it is written.

    With T it tells of one meeting, relative to it; without, of many, by their ids. What is tried
    again and again in vain is shown anew only every few minutes.
    """
    shown: dict[tuple[str, ...], datetime] = {}

    def show(entry: Entry) -> None:
        same = (entry.meeting, entry.trigger, entry.who, entry.what, entry.why)
        if entry.bad and entry.at - shown.get(same, datetime.min.replace(tzinfo=UTC)) < _REPEAT_AFTER:
            return
        shown[same] = entry.at
        begin = Text(f"{offset(entry.at, t):7} " if t else f"{entry.at:%H:%M:%S} ")
        if not t:
            begin.append(f"{short(entry.meeting)[:_ID_WIDTH]:{_ID_WIDTH}} ", style="dim")
        begin.append(f"{_who(entry):{_WHO_WIDTH}} ")
        rest = Text(short(entry.what), style="bold red" if entry.bad else _STYLES.get(entry.who, ""))
        if entry.why:
            rest.append(f" · {textwrap.shorten(short(entry.why), _WHY_LENGTH)}", style="not bold dim")
        for line in rest.wrap(out, max(out.width - len(begin), _NARROWEST)):
            line.rstrip()
            out.print(begin + line, soft_wrap=True)
            begin = Text(" " * len(begin))

    return show


def _who(entry: Entry) -> str:
    """Return who did it; the app and the platform behind it with what has set them off."""
    return f"{entry.who}, {entry.trigger}" if entry.trigger else entry.who


def calls(ledger: Ledger) -> Table:
    """Return the app's calls by service and trigger; the desktops' own apart."""
    counts = ledger.by_service_and_trigger()
    services = sorted({service for service, _ in counts})
    table = Table(title="API calls, by what set them off", title_justify="left", caption_justify="left")
    table.add_column("trigger")
    for service in services:
        table.add_column(service, justify="right")
    table.add_column("all", justify="right")
    triggers = list(dict.fromkeys(call.trigger for call in ledger.calls if call.trigger))

    def row(name: str, among: list[str], style: str = "") -> None:
        sums = [sum(counts[service, trigger] for trigger in among) for service in services]
        table.add_row(name, *(str(n or "") for n in sums), str(sum(sums)), style=style)

    for trigger in sorted(triggers, key=lambda name: name == "sweep"):
        row(trigger, [trigger])
    table.add_section()
    row("without the sweep", [trigger for trigger in triggers if trigger != "sweep"], "bold")
    table.caption = f"Beside these, the desktops themselves made {len(ledger.of(DESKTOP))} calls."
    return table
