"""What people are told of the recording of a side."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Seat
from chalicelib.rules.people import has_come_back

UNTOLD = "The desktop ended before it had told that the recording was safe."


def standing(meeting: Meeting, seat: Seat, *, over: bool) -> dict[str, Any]:
    """Return how a seat's recording stands: `recording`, and with a lost one `recording_lost`, a sentence each.

    Nothing is told where nobody came, so that nothing was recorded, nor until people's time is `over`, since more is
    recorded, nor where it was erased. What was uploaded before the person came back is not all of it.
    """
    if meeting.recordings_erased:
        return {}
    if seat.recording_lost:
        return {"recording": "lost", "recording_lost": list(seat.recording_lost)}
    if seat.uploaded and not has_come_back(meeting, seat):
        return {"recording": "safe"}
    if not (seat.joined_at and over):
        return {}
    return {"recording": "lost", "recording_lost": [UNTOLD]} if meeting.ended_at else {"recording": "on its way"}
