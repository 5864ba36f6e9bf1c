"""Lambda: a container for each invocation that runs at once, the time that a new one takes, and how many there may be.

What a container has learnt, another does not know: each has a runtime of its own, with its own clients, which try
again within a quota of their own.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import greenlet

import app
from chalicelib import runtime
from tests.simulation.world.processes import Process, Processes

if TYPE_CHECKING:
    from tests.simulation.world.world import World

COLD_START = timedelta(seconds=1.5)
"""How long it takes until a new container begins with what it was started for."""

AT_ONCE = 1000
"""How many invocations of an account may run at once, as AWS grants it at first; a new account may have 10."""

_FUNCTIONS = {
    "launch timer": "launch_ec2",
    "safety timer": "safety_net",
    "EC2 event running": "dns_watchdog",
    "EC2 event shutting-down": "dns_watchdog",
    "stream": "stream_terminator",
    "sweep": "sweep",
}
_API = "api_handler"
_RESERVED = "sweep"


@dataclass(slots=True, eq=False)
class Container:
    """Where one function runs: its runtime, and what Chalice keeps for the request that it is at."""

    here: runtime.Runtime
    request: Any = None
    context: Any = None


class Functions(Processes):
    """Runs handlers in containers, and lets those wait that may not run yet."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.at_once = AT_ONCE
        """How many may run at once, the sweep aside, for which one is reserved."""
        self.most_at_once = 0
        self.cold_starts: Counter[str] = Counter()
        self.refused = 0
        """How many requests of people came when as many invocations ran as may: the gateway answers these itself."""
        self._busy = 0
        self._idle: dict[str, list[Container]] = defaultdict(list)
        self._containers: dict[int, Container] = {}
        self._waiting: deque[Callable[[], None]] = deque()

    def invoke(self, process: Process, call: Callable[[], Any], done: Callable[[Process], None]) -> None:
        """Run a handler in a container that is free, or in a new one; events and batches wait for their turn."""
        function = _FUNCTIONS.get(process.name, _API)
        if self._busy < self.at_once or function == _RESERVED:
            self._start(function, process, call, done)
        elif function == _API:
            self.refused += 1
            process.outcome = "refused"
            done(process)
        else:
            self._waiting.append(lambda: self._start(function, process, call, done))

    def _start(self, function: str, process: Process, call: Callable[[], Any], done: Callable[[Process], None]) -> None:
        self._busy += function != _RESERVED
        self.most_at_once = max(self.most_at_once, self._busy)
        is_cold = not self._idle[function]
        container = Container(self._built()) if is_cold else self._idle[function].pop()
        self.cold_starts[function] += is_cold

        def returned(process: Process) -> None:
            del self._containers[id(process)]
            self._idle[function].append(container)
            self._busy -= function != _RESERVED
            if self._waiting and self._busy < self.at_once:
                self._waiting.popleft()()
            done(process)

        def begin() -> None:
            process.began = self._world.now
            self._containers[id(process)] = container
            super(Functions, self).invoke(process, call, returned)

        self._world.after(COLD_START if is_cold else timedelta(0), begin)

    def _built(self) -> runtime.Runtime:
        here = runtime.current().anew()
        self._world.furnish(here)
        return here

    def _resume(self, process: Process, coroutine: greenlet.greenlet, done: Callable[[Process], None]) -> None:
        with self._inside(self._containers[id(process)]):
            super()._resume(process, coroutine, done)

    @contextmanager
    def _inside(self, container: Container) -> Iterator[None]:
        """Be in a container meanwhile; Chalice's one app is every container's here, so what it keeps goes with them."""
        chalice: Any = app.app
        chalice.current_request, chalice.lambda_context = container.request, container.context
        with runtime.inside(container.here):
            yield
        container.request, container.context = chalice.current_request, chalice.lambda_context
