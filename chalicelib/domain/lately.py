"""What was measured lately, beside any one meeting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Boot:
    """One desktop that came to be ready: when (UTC), and how long after its launch was begun."""

    ready_at: datetime
    took: timedelta
