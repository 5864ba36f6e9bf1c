"""`python -m tools.life --stage dev --meeting ID`: what a meeting was, what became of it, and its history.

The meeting may be named by its id, by a link to it, or by a desktop that serves it. Nothing is changed, and nothing of
it is noted: whoever may read the table may read this.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain import history, rows
from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Role, Seat
from tools.account import Clients, clients
from tools.kept_recordings import size
from tools.meeting import Asked, meant, now
from tools.stage import Stage, StageError, load
from tools.terminal import Colour, coloured, fitting, say

_MOMENTS = ("launched_at", "published_at", "healthy_at", "joined_at", "returned_at", "uploaded_at")
"""What is told of a seat's present desktop, in the order in which it comes to be."""
_COLOURS = {"TERMINATED": Colour.DIM, "IN_PROGRESS": Colour.GREEN, "HEALTHY": Colour.GREEN}
_WIDE = 11
"""How far what is told stands behind what it is about."""


def main() -> int:
    """Print what the command line asks for; return 0 where anything is known of the meeting."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--meeting", required=True, help="its id, a link to it, or the instance id of its desktop")
    arguments.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    given = arguments.parse_args()
    try:
        stage = load(given.stage)
        return 0 if show(stage, given.meeting, clients(stage.region), as_json=given.json) else 1
    except (StageError, ClientError, BotoCoreError) as error:
        say(f"No meeting is shown: {error}", sys.stderr)
        return 1


def show(stage: Stage, named: str, client: Clients, *, as_json: bool = False) -> bool:
    """Print all that is known of a meeting; return whether anything is.

    Raises:
        StageError: no meeting was named.
    """
    asked = Asked(stage, meant(named, stage, client), client, now())
    told = life(asked)
    if as_json:
        print(json.dumps(told, indent=2, default=str))
    else:
        print("\n".join(fitting(line) for line in lines(_printable(told))), flush=True)
    return bool(told["found"] or told["history"] or told["recordings"])


def life(asked: Asked) -> dict[str, Any]:
    """Return what is known of a meeting; moments are ISO 8601 in UTC. `notes` are sentences about what is not as usual.

    Raises:
        StageError: AWS refuses to show it.
    """
    meeting = asked.meeting
    told: dict[str, Any] = {"id": asked.id, "stage": asked.stage.name, "found": meeting is not None}
    kept, notes = _recorded(asked)
    if meeting is None:
        notes.insert(
            0, f"Meeting {asked.id} has no row on stage {asked.stage.name}: there never was one, or it is gone."
        )
        return told | kept | {"history": _beside_recordings(asked), "notes": notes}
    alive = set(asked.living())
    spoilt = [f"The row's {problem}; correct it in the table." for problem in meeting.problems]
    if not isinstance(meeting.row.get(history.HISTORY, []), list):
        spoilt.append("What stands on the row as its history is none; the app puts it aside with its next write.")
    texts = ("teacher_name", "student_name", "teacher_email", "time_zone", "jitsi_url")
    of_row = {name: value for name in texts if isinstance(value := meeting.row.get(name), str)}
    moments = ("meet_time", "created_at", "moved_at", "begun_at", "opened_at", "checkpoint_at", "ended_at")
    told |= of_row | {"status": meeting.status.value, "reason": meeting.reason} | _moments(meeting, moments)
    told |= {"duration_minutes": int(meeting.duration.total_seconds() // 60)} if meeting.duration else {}
    told |= {"seats": {seat.role.value: _seat(seat, alive) for seat in meeting.seats}}
    named = {seat.desktop_id for seat in meeting.seats}
    told |= {"other_desktops": sorted(alive - named)}
    return told | kept | {"history": history.entries(meeting), "notes": spoilt + notes}


def _moments(of: Meeting | Seat, names: Iterable[str]) -> dict[str, str]:
    """Return those of these moments that are known."""
    return {name: rows.timestamp(moment) for name in names if (moment := getattr(of, name))}


def _seat(seat: Seat, alive: set[str]) -> dict[str, Any]:
    """Return what is known of a seat: its desktop, what that lacks, who was at it, and the desktops before it."""
    moments = _moments(seat, (*_MOMENTS, "waiting_at", "connected_at", "disconnected_at", "consented_at"))
    told: dict[str, Any] = {"desktop_id": seat.desktop_id, "link": seat.link, "refused": seat.refused}
    told |= {
        "missing": list(seat.missing),
        "launches": seat.attempt,
        "earlier": [_earlier(entry) for entry in seat.replaced],
        **moments,
    }
    is_alive = {"is_alive": seat.desktop_id in alive} if seat.desktop_id else {}
    return {name: value for name, value in told.items() if value} | is_alive


def _earlier(entry: str) -> dict[str, str]:
    """Return when a desktop was replaced, which, and why, of what the row tells in one text."""
    at, _, rest = entry.partition(" ")
    desktop_id, _, why = rest.partition(": ")
    return {"until": at, "desktop_id": desktop_id, "why": why} if why else {"why": entry}


def _recorded(asked: Asked) -> tuple[dict[str, Any], list[str]]:
    """Return what is kept of a meeting's recordings, and sentences about what is not there."""
    found: list[dict[str, Any]] = []
    notes: list[str] = []
    unfinished = 0
    try:
        for bucket in asked.buckets:
            kept = asked.kept(bucket)
            found += [{"key": e.key, "bytes": e.size, "at": rows.timestamp(e.at)} for e in kept.recordings]
            unfinished += len(kept.uploads)
        notes += [f"The row names {url}, which is in no bucket of the stage." for url in asked.elsewhere()]
    except StageError as error:
        notes.append(str(error))
    for seat in asked.meeting.seats if asked.meeting else ():
        notes += [f"Lost, of the {seat.role}'s: {sentence}" for sentence in seat.recording_lost]
    if asked.meeting and asked.meeting.recordings_erased:
        notes.append(f"Its recordings were erased at {asked.meeting.row['recordings_erased_at']}.")
    return {"recordings": found, "unfinished_uploads": unfinished}, notes


def _beside_recordings(asked: Asked) -> list[dict[str, Any]]:
    """Return what operators did with the recordings of a meeting that has no row, as the buckets keep it."""
    found = []
    with suppress(StageError):  # it has been told that there is no bucket
        for text in (text for bucket in asked.buckets for text in bucket.history(asked.id)):
            try:
                found.append(json.loads(text))
            except ValueError:
                found.append({"what": text[: history.LONGEST_TEXT]})
    as_row = Meeting(asked.id, {history.HISTORY: found})
    return history.entries(as_row)


# --- for people


def _printable(value: Any) -> Any:
    """Return what is told with a mark for each sign that no terminal should get of a row that anybody may have written.

    A sign that nobody sees could let a terminal hide, or repeat, what else stands there.
    """
    if isinstance(value, str):
        return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in value)
    if isinstance(value, Mapping):
        return {name: _printable(each) for name, each in value.items()}
    return [_printable(each) for each in value] if isinstance(value, list) else value


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines in which a terminal shows what is known of a meeting."""
    zone = _zone(told.get("time_zone", ""))
    status = told.get("status", "no row")
    title = f"Meeting {told['id']} on stage {told['stage']}"
    reason = f", {told['reason']}" if told.get("reason") else ""
    yield f"{coloured(title, Colour.BOLD)}: {coloured(status, _COLOURS.get(status, Colour.YELLOW))}{reason}"
    if told["found"]:
        yield from _of_meeting(told, zone)
        for role in Role:
            yield ""
            yield from _of_seat(role, told["seats"][role.value], told.get(f"{role}_name", ""))
        if told["other_desktops"]:
            yield _line("besides", f"{', '.join(told['other_desktops'])}: alive, and named by no seat")
    yield ""
    yield coloured("Recordings", Colour.BOLD)
    for each in told["recordings"]:
        yield f"  {each['key']}  {size(each['bytes'])}, {_utc(each['at'])}"
    if told["unfinished_uploads"]:
        yield f"  {told['unfinished_uploads']} uploads are not finished: their desktops may still be at it."
    if not (told["recordings"] or told["unfinished_uploads"]):
        yield "  None is kept."
    yield from (coloured(note, Colour.YELLOW) for note in ["", *told["notes"]] if told["notes"])
    yield ""
    yield coloured("History", Colour.BOLD)
    yield from (_entry(entry) for entry in told["history"])
    if not told["history"]:
        yield "  None is kept."


def _line(what: str, text: str) -> str:
    return f"  {what:{_WIDE}}{text}"


def _of_meeting(told: Mapping[str, Any], zone: ZoneInfo | None) -> Iterator[str]:
    lasts = f", {told['duration_minutes']} minutes" if "duration_minutes" in told else ""
    yield _line(
        "for", f"{_both(told['meet_time'], zone)}{lasts}" if "meet_time" in told else "a time that it does not say"
    )
    words = {"created_at": "scheduled", "moved_at": "moved", "begun_at": "launched", "opened_at": "door open"}
    for name, word in (words | {"ended_at": "ended"}).items():
        if name in told:
            yield _line(word, _both(told[name], zone))
    for name, word in {"jitsi_url": "video", "teacher_email": "mail"}.items():
        if told.get(name):
            yield _line(word, told[name])


def _of_seat(role: Role, seat: Mapping[str, Any], name: str) -> Iterator[str]:
    yield coloured(f"The {role}{f', {name}' if name else ''}", Colour.BOLD)
    if desktop := seat.get("desktop_id"):
        state = coloured("alive", Colour.GREEN) if seat["is_alive"] else coloured("not alive", Colour.DIM)
        yield _line("desktop", ", ".join([desktop, state, *filter(None, [seat.get("link")])]))
    else:
        refused = seat.get("refused")
        yield _line("desktop", f"none; EC2 refused it: {refused}" if refused else "none")
    words = {"launched_at": "launched", "published_at": "named", "healthy_at": "ready", "joined_at": "joined"}
    words |= {"connected_at": "connected", "disconnected_at": "left", "returned_at": "came back"}
    words |= {"uploaded_at": "uploaded", "waiting_at": "at the door"}
    steps = sorted((seat[key], word) for key, word in words.items() if key in seat)
    yield from (_line(word, _utc(at)) for at, word in steps)
    yield from (_line("lacks", coloured(sentence, Colour.RED)) for sentence in seat.get("missing", ()))
    for each in seat.get("earlier", ()):
        until = f"{each['desktop_id']}, until {_utc(each['until'])}: " if "until" in each else ""
        yield _line("earlier", f"{until}{each['why']}")


def _entry(entry: Mapping[str, Any]) -> str:
    at = _utc(entry["at"]) if "at" in entry else "?"
    until = f" to {_utc(entry['until'])}" if "until" in entry else ""
    by = f", by {entry['by']}" if entry.get("by", history.APP) != history.APP else ""
    why = f": {entry['why']}" if "why" in entry else ""
    return f"  {coloured(at + until, Colour.DIM)}  {entry['what']}{by}{why}"


def _zone(name: str) -> ZoneInfo | None:
    """Return a row's time zone, None where it names none that is known here."""
    with suppress(Exception):  # a name can be no file's, or one outside of the folder, or too long for one
        return ZoneInfo(name) if name else None
    return None


def _both(text: str, zone: ZoneInfo | None) -> str:
    """Return a moment in the people's own zone, where the row names one, and in UTC."""
    own = f"{datetime.fromisoformat(text).astimezone(zone):%a %Y-%m-%d %H:%M} {zone.key}, " if zone else ""
    return f"{own}{_utc(text)}"


def _utc(text: str) -> str:
    """Return a moment to the second, as it stands where a hand has written what is none."""
    with suppress(ValueError):
        return f"{rows.parse_time(text):%Y-%m-%d %H:%M:%S} UTC"
    return text


if __name__ == "__main__":
    sys.exit(main())
