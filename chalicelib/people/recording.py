"""What a person is told of the recording of their own side."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Seat

UNTOLD = "The desktop ended before it had told that the recording was safe."


def standing(meeting: Meeting, seat: Seat, *, over: bool) -> dict[str, Any]:
    """Return how a seat's recording stands: `recording`, and with a lost one `recording_lost`, a sentence each.

    Nothing is told where nobody came, so that nothing was recorded, nor until people's time is `over`, since more is
    recorded, nor where it was erased.
    """
    if meeting.recordings_erased:
        return {}
    if seat.recording_lost:
        return {"recording": "lost", "recording_lost": list(seat.recording_lost)}
    if seat.uploaded:
        return {"recording": "safe"}
    if not (seat.joined_at and over):
        return {}
    return {"recording": "lost", "recording_lost": [UNTOLD]} if meeting.ended_at else {"recording": "on its way"}
