"""What must always hold, one module for each promise; `PROMISES` lists them all.

They judge by what truly happened in the world, not by what the app believes, and by rules of their
own, written apart from the plan (truth.py). Where the app needs a chance to notice (a lost event, an
outage), the chance is counted in sweeps that began after the fact and of whose calls to the ports
concerned none failed: that the zone cannot be reached is no excuse for a desktop, nor one meeting's
trouble for another.
"""

from tests.simulation.promises.deadline import NoDesktopOutlivesItsDeadline
from tests.simulation.promises.end_is_final import EndIsFinal
from tests.simulation.promises.foreign import ForeignIsLeftAlone
from tests.simulation.promises.nobody_cut_off import NobodyIsCutOff
from tests.simulation.promises.one_desktop import OneDesktopARole
from tests.simulation.promises.one_stops_no_other import OneNeverStopsOthers
from tests.simulation.promises.open_door import OpenDoorIsReal
from tests.simulation.promises.orphans import NoDesktopWithoutARow
from tests.simulation.promises.planning_again import PlanningAgainYieldsNothing
from tests.simulation.promises.promise import Promise
from tests.simulation.promises.recordings import RecordingsAreSafe
from tests.simulation.promises.records import NoRecordOutlivesItsDesktop
from tests.simulation.promises.said import WhatDesktopsSayStands
from tests.simulation.promises.swallowed import NothingIsSwallowed
from tests.simulation.promises.wasted import NothingIsWasted

PROMISES: tuple[type[Promise], ...] = (
    OneDesktopARole,
    NoDesktopOutlivesItsDeadline,
    NoDesktopWithoutARow,
    NoRecordOutlivesItsDesktop,
    ForeignIsLeftAlone,
    EndIsFinal,
    OpenDoorIsReal,
    NobodyIsCutOff,
    PlanningAgainYieldsNothing,
    OneNeverStopsOthers,
    NothingIsSwallowed,
    WhatDesktopsSayStands,
    NothingIsWasted,
    RecordingsAreSafe,
)
