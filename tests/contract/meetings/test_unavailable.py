"""The port `Meetings` where DynamoDB does not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from chalicelib.control.ports import Meetings
from chalicelib.domain.errors import Unavailable
from tests.builders import change
from tests.contract.conftest import NO_NETWORK
from tests.contract.meetings.stages import TABLE, RealStage


class TestWithoutAnAnswer:
    """Every method may raise `Unavailable`; then nothing was concluded."""

    ACTS: ClassVar[dict[str, Callable[[Meetings], object]]] = {
        "GetItem": lambda meetings: meetings.get("m1"),
        "PutItem": lambda meetings: meetings.create({"id": "m1"}),
        "UpdateItem": lambda meetings: meetings.update("m1", change("why", {"a": 1})),
        "Query": lambda meetings: list(meetings.open()),
        "BatchGetItem": lambda meetings: list(meetings.open()),
    }

    @pytest.mark.parametrize("operation", ACTS)
    @pytest.mark.parametrize(
        "failure",
        [("ProvisionedThroughputExceededException", 400), ("InternalServerError", 500), NO_NETWORK],
        ids=["throttled", "broken", "no network"],
    )
    def test_the_table_is_unavailable(self, real: RealStage, operation: str, failure: Any) -> None:
        real.put({"id": "m1", "open": "1"})
        real.account.instead[operation] = failure
        with pytest.raises(Unavailable, match=TABLE):
            self.ACTS[operation](real.meetings)

    @pytest.mark.parametrize("operation", ACTS)
    def test_a_table_that_is_not_there_is_unavailable_rather_than_empty(self, real: RealStage, operation: str) -> None:
        real.table.delete_table(TableName=TABLE)
        with pytest.raises(Unavailable, match=TABLE):
            self.ACTS[operation](real.meetings)
