"""The timeline and its sums, in a terminal."""

from __future__ import annotations

import io
import re
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from localcloud.cloudflare import DOMAIN
from localcloud.ledger import DESKTOP, Ledger
from localcloud.timeline import Entry

_PIPED_WIDTH = 120
_WHY_WIDTH = 100
_ID_WIDTH = 8
_REPEAT_AFTER = timedelta(minutes=5)
_STYLES = {"app": "bold", "EC2": "cyan", "DNS": "magenta", "Scheduler": "blue", "teacher": "green", "student": "green"}
_INSTANCE = re.compile(r"\b(i-[0-9a-f]{5})[0-9a-f]{12}\b")
_UUID = re.compile(r"\b([0-9a-f]{8})-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b")


def console() -> Console:
    """Return the terminal; what is piped gets lines that are wide enough to be read.

    Where the output's encoding lacks a character, a question mark stands for it.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    terminal = Console(highlight=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)


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
        if t:
            line = Text(f"{offset(entry.at, t):7} {entry.at:%H:%M:%S} ")
        else:
            line = Text(f"{entry.at:%H:%M:%S} ")
            line.append(f"{short(entry.meeting)[:_ID_WIDTH]:{_ID_WIDTH}} ", style="dim")
        line.append(f"{entry.trigger:12} ", style="yellow")
        line.append(f"{entry.who:17} ")
        line.append(short(entry.what), style="bold red" if entry.bad else _STYLES.get(entry.who, ""))
        if entry.why:
            line.append(f" · {textwrap.shorten(short(entry.why), _WHY_WIDTH)}", style="dim")
        out.print(line, soft_wrap=True)

    return show


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
