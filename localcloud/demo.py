"""`make demo`: one meeting's whole life, in simulated time, as a live timeline.

Exits with 0 only if it ended as the scenario promises and nothing is left alive; with 1 otherwise,
and with 2 where there is no such scenario.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

if __name__ == "__main__":  # what is imported next takes a second or two, and Ctrl-C is to end that too, in silence
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from rich.table import Table

from localcloud import display
from localcloud.play import play
from localcloud.scenario import Run, T
from localcloud.scenarios import SCENARIOS


def main(arguments: list[str]) -> int:
    """Run the scenario named on the command line or in SCENARIO; return the exit code."""
    name = arguments[0] if arguments else os.environ.get("SCENARIO") or "normal"
    if name not in SCENARIOS:
        display.console(sys.stderr).print(f"There is no scenario {name!r}; SCENARIO can be {', '.join(SCENARIOS)}.")
        return 2
    scenario = SCENARIOS[name]
    out = display.console()
    out.print(
        f"[bold]{name}[/]: {scenario.story} T is {T:%H:%M} UTC; moments are minutes and seconds before or after it.\n"
    )
    out.print(f"[dim]{display.LEGEND}[/]")
    began = time.monotonic()
    result = play(scenario, listener=display.line_printer(out, T), warm=True)
    took_s = time.monotonic() - began
    out.print()
    out.print(_summary(result))
    out.print(display.calls(result.ledger))
    for problem in result.broken:
        out.print(f"[red]Not as promised:[/] {display.short(problem)}.")
    if result.kept:
        span = result.timeline.entries[-1].at - result.timeline.entries[0].at
        minutes = round(span.total_seconds() / 60)
        out.print(
            f"[bold green]As promised, and nothing is left alive.[/] {minutes} minutes went by in {took_s:.1f} s."
        )
    return 0 if result.kept else 1


def _summary(result: Run) -> Table:
    table = Table(title="What there was", title_justify="left")
    for heading in ("what", "which", "from", "to", "how it ended"):
        table.add_column(heading, overflow="fold")
    for row in _lives(result):
        table.add_row(*map(display.short, row))
    table.add_section()
    table.add_row("left alive", ", ".join(map(display.short, result.leftovers)) or "nothing")
    table.add_row("things of others", "touched: " + ", ".join(result.disturbed) if result.disturbed else "untouched")
    return table


def _lives(result: Run) -> Iterator[tuple[str, ...]]:
    """Yield a row each for the meeting, the desktops and the records."""
    end = str(result.row.get("termination_reason") or result.row.get("status"))
    lines = result.timeline.entries
    over = next((entry.at for entry in lines if "TERMINATED" in entry.what), lines[-1].at)
    yield "meeting", result.meeting_id, display.offset(lines[0].at, T), display.offset(over, T), end
    for life in result.desktops:
        since = {state: display.offset(moment, T) for state, moment in life.since.items()}
        yield f"{life.tags['Role']}'s desktop", life.id, since["pending"], since.get("terminated", ""), life.state
    for change in result.records:
        if change.what == "created":
            same = (c for c in result.records if c.record["id"] == change.record["id"])
            gone = next((c.at for c in same if c.what == "deleted"), None)
            span = display.offset(change.at, T), display.offset(gone, T) if gone else ""
            yield "record", change.record["name"], *span, "withdrawn" if gone else "still there"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
