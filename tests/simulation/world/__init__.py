"""One simulated world, cut by subject. `World` composes the parts; each part is told which world it is of.

clock       one heap of things to come
processes   handlers as coroutines that stop, go on, fail and are killed
stream      the table's stream: shards, batches, records that come late or never
sweeps      the sweep of every minute, and which sweeps were a chance for what
timers      one-shot timers that fire
fleet       what EC2 and the programs on the desktops do
agents      what runs on desktops of the kit, and says what it says to the app
door        the pages that ask at it, before which somebody sits or nobody
people      who asks for a meeting, comes, loses the connection, leaves and uploads
console     what somebody does by hand: edits, moves, deletes, launches
hostile     somebody who may write every row, and means no good
weather     outages, full zones, used-up quotas
foreign     somebody else's things that look like the app's own
lives       meetings as they truly are, and the people in them
checks      what a world reports to
payloads    the events that the handlers get
"""

from tests.simulation.world.world import World

__all__ = ["World"]
