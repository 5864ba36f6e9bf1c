"""The change of a row: the one action that people at the door and desktops bring about as well as plans do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.history import APP, Entry
from chalicelib.domain.model import Attribute
from chalicelib.domain.rows import timestamp

if TYPE_CHECKING:
    from chalicelib.domain.actions import Step


@dataclass(frozen=True, slots=True)
class BaseStep:
    """What every step of a plan has: why it is taken, and the steps that it needs."""

    why: str
    needs: tuple[Step, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class Update(BaseStep):
    """Change the row, provided that every attribute in `expect` still is what it was (None: absent).

    An update that is not `urgent` is made when there is something else to do anyhow, or by the next sweep.

    It is an entry of the row's history: `by` is who wanted it, `reason` what a person said why. A sign of life, which
    is `quiet`, is none. `told` are entries of what others have written; they are added with it.
    """

    set: Mapping[Attribute, Any] = field(default_factory=dict)
    remove: tuple[Attribute, ...] = ()
    expect: Mapping[Attribute, Any] = field(default_factory=dict)
    urgent: bool = True
    by: str = APP
    reason: str = ""
    quiet: bool = False
    told: tuple[Entry, ...] = ()

    def entries(self, now: datetime) -> tuple[Entry, ...]:
        """Return what the row's history is to have of it; `now`, in UTC, is when it is written."""
        own = () if self.quiet else (Entry(timestamp(now), self.why, self.by, self.reason),)
        return (*self.told, *own)
