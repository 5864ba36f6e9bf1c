"""What was measured lately, beside any one meeting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple


class Boot(NamedTuple):
    """One desktop that came to be ready: when (UTC), and how long after its launch was begun."""

    ready_at: datetime
    took: timedelta
