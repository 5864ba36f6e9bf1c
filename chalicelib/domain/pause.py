"""That a stage is paused: nothing new is launched or scheduled, and what lives goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """Who has paused the stage and why, and since when (UTC; None where that cannot be understood)."""

    by: str
    why: str
    since: datetime | None
