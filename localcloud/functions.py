"""The app's functions, called the way Lambda calls them.

Events go through JSON both ways, since a Lambda never sees a Python object from outside. A failed
asynchronous invocation is tried twice more, after one and after two minutes, and is then a dead letter.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from chalice.app import Chalice
from chalice.config import Config

from chalicelib import runtime
from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import Clock
from localcloud.conditions import Conditions
from localcloud.ledger import Ledger
from localcloud.timeline import Timeline

RETRY_AFTER_S = (60, 120)
_ACCEPTED_S = 0.05
_CONFIG = Path(__file__).parent.parent / ".chalice" / "config.json"

TRIGGERS = {
    "launch_ec2": "launch timer",
    "dns_watchdog": "EC2 event",
    "stream_terminator": "stream",
    "safety_net": "safety timer",
    "sweep": "sweep",
}
"""What sets each function off, in the words of the timeline and the ledger."""


class Context:
    """What Lambda hands a handler beside the event."""

    function_version = "$LATEST"
    identity = None
    client_context = None

    def __init__(self, name: str, clock: Clock) -> None:
        self.function_name = f"elephant-dev-{name}"
        self.invoked_function_arn = arn(name)
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = "local"
        self._clock = clock
        self._began: datetime = clock.now()
        self._timeout_s = timeout_s(name)
        self.memory_limit_in_mb = _config(name).lambda_memory_size

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
        return int((self._timeout_s - (self._clock.now() - self._began).total_seconds()) * 1000)


def timeout_s(name: str) -> int:
    """Return how many seconds the function of this name may run, as Chalice deploys it."""
    timeout: int = _config(name).lambda_timeout
    return timeout


@cache
def _config(name: str) -> Config:
    on_disk = json.loads(_CONFIG.read_text(encoding="utf-8"))
    return Config(chalice_stage="dev", function_name=name, config_from_disk=on_disk)


def arn(name: str) -> str:
    """Return the ARN under which Chalice deploys the function of this name."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:elephant-dev-{name}"


class Functions:
    """The functions by name, and the events that were given up."""

    def __init__(self, app: Chalice, clock: Clock, conditions: Conditions, ledger: Ledger, timeline: Timeline) -> None:
        self.dead_letters: list[tuple[str, dict[str, Any]]] = []
        self._handlers = app.handler_map
        self._containers: dict[tuple[str, runtime.Runtime], runtime.Runtime] = {}
        self._clock = clock
        self._conditions = conditions
        self._ledger = ledger
        self._timeline = timeline

    def invoke(self, name: str, event: dict[str, Any]) -> bool:
        """Run a function and wait for it, as the poller of a stream does; return whether it succeeded.

        Raises:
            KeyError: the app has no such function.
        """
        handler = self._handlers[name]
        trigger = TRIGGERS.get(name, name)
        with self._ledger.under(trigger), runtime.inside(self._container(name)):
            try:
                json.dumps(handler(json.loads(json.dumps(event)), Context(name, self._clock)))
            except Exception as error:  # whatever it is: to Lambda a failure is a failure
                why = f"{type(error).__name__}: {error}"
                self._timeline.add("Lambda", f"{name} failed", why, trigger=trigger, bad=True)
                return False
        return True

    def _container(self, name: str) -> runtime.Runtime:
        """Return the warm container of this function: what one has learnt, another does not know."""
        process = runtime.current()
        if (name, process) not in self._containers:
            self._containers[name, process] = process.anew()
        return self._containers[name, process]

    def invoke_async(self, name: str, event: dict[str, Any]) -> None:
        """Queue an event for a function, as EventBridge and the Scheduler do."""
        for _ in range(2 if self._conditions.doubled else 1):
            self._clock.after(_ACCEPTED_S, lambda: self._attempt(name, event, 0))

    def _attempt(self, name: str, event: dict[str, Any], retries: int) -> None:
        if self.invoke(name, event):
            return
        if retries < len(RETRY_AFTER_S):
            self._clock.after(RETRY_AFTER_S[retries], lambda: self._attempt(name, event, retries + 1))
        else:
            self.dead_letters.append((name, event))
            self._timeline.add("Lambda", f"{name}'s event is given up", trigger=TRIGGERS.get(name, name), bad=True)
