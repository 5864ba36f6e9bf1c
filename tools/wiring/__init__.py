"""What Chalice cannot say of the functions that it deploys; each module sets one thing.

Each setting is read first and written only where it differs, so that a second run changes nothing, and what somebody
has changed by hand is put right. Why none of it stands in infra/template.yaml: docs/decisions/0011.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from tools.account import Clients
from tools.record import Record
from tools.stack import global_suffix
from tools.stage import Stage
from tools.wiring import logs, retries, roles, rules, stream


def prepare(stage: Stage, outputs: Mapping[str, str], record: Record, client: Clients) -> list[str]:
    """Make ready what Chalice's deploy relies on; return what had to be changed. `outputs` are the stack's."""
    return logs.wire(stage, client("logs")) + stream.unmap_others(stage, outputs["StreamArn"], record, client)


def wire(
    stage: Stage,
    outputs: Mapping[str, str],
    policies: Mapping[str, Mapping[str, Any]],
    client: Clients,
    sleep: Callable[[float], None] = time.sleep,
    let_calls_end: Callable[[], object] = lambda: None,
) -> list[str]:
    """Bring the deployed functions to their settings and to their policies; return what had to be changed.

    `let_calls_end` returns when no function runs any more as it was before; only then are policies narrowed.

    Raises:
        StageError: the stream is not mapped to its function, or not exactly once.
    """
    functions = client("lambda")
    return [
        *retries.wire(stage, outputs["DeadLettersArn"], functions, sleep),
        *stream.wire(stage, outputs["StreamArn"], outputs["DeadRecordsArn"], functions, sleep),
        *rules.wire(stage, client),
        *roles.narrow(stage, global_suffix(stage, outputs), policies, client("iam"), let_calls_end),
    ]
