"""The app's log: one JSON line for each thing that was done or went wrong, with the meeting and the reason.

What operators watch is counted too. A count is a line in CloudWatch's embedded metric format, so it
costs no call: CloudWatch makes the metric from the log.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime
from typing import Any

from chalicelib.errors import ElephantError

NAMESPACE = "Elephant"
_LOGGER = logging.getLogger("elephant")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"level": record.levelname, **getattr(record, "elephant", {"event": record.getMessage()})}
        if "_aws" in line:
            line["_aws"] = {"Timestamp": int(record.created * 1000), **line["_aws"]}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def start() -> None:
    """Send the log to standard output, which Lambda keeps; once a process, however often it is called."""
    if _LOGGER.handlers:
        return
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def note(event: str, **facts: Any) -> None:
    """Log something that was done or seen."""
    _LOGGER.info(event, extra={"elephant": {"event": event, **facts}})


def warn(event: str, **facts: Any) -> None:
    """Log something that somebody should look at, though nothing failed."""
    _LOGGER.warning(event, extra={"elephant": {"event": event, **facts}})


def count(metric: str, number: int, *, stage: str, reason: str | None = None, **facts: Any) -> None:
    """Log a line that CloudWatch also takes as a metric of this stage, by its reason where there is one."""
    dimensions = [["Stage"], ["Stage", "Reason"]] if reason else [["Stage"]]
    definition = {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": [{"Name": metric, "Unit": "Count"}]}
    line: dict[str, Any] = {
        "_aws": {"CloudWatchMetrics": [definition]},
        "event": metric,
        "Stage": stage,
        **({"Reason": reason} if reason else {}),
        metric: number,
        **facts,
    }
    _LOGGER.info(metric, extra={"elephant": line})


def fail(event: str, error: BaseException, **facts: Any) -> None:
    """Log a failure in its own words; with a traceback where it is not one of the domain's own."""
    unexpected = None if isinstance(error, ElephantError) else error
    details = {"event": event, "error": f"{type(error).__name__}: {error}", **facts}
    _LOGGER.error(event, exc_info=unexpected, extra={"elephant": details})
