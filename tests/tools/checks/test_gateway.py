"""The check of the gateway's limits."""

from __future__ import annotations

import pytest

from tests.tools.checks.sound import Account
from tools.findings import Level


def test_an_api_whose_methods_are_limited_is_sound(account: Account) -> None:
    assert account.look("limits") == [(Level.OK, f"the API {account.api} limits how often each method is called → ")]


@pytest.mark.parametrize("method", ["~1schedule/POST", "~1join~1{meetingId}~1{role}/GET", "*/*"])
def test_a_limit_that_somebody_has_changed_is_found(method: str, account: Account) -> None:
    account.limit(method, 10_000, 5_000)
    [(level, told)] = account.look("limits")
    assert level is Level.WARN
    assert f"called: {method.replace('~1', '/')} → make deploy STAGE=dev" in told


def test_an_api_that_is_gone_is_found_and_another_stage_s_is_not_taken_for_it(account: Account) -> None:
    apis = account.client("apigateway")
    apis.delete_rest_api(restApiId=account.api)
    apis.create_rest_api(name="elephant")
    apis.create_rest_api(name="another")
    assert account.look("limits") == [(Level.FAIL, "the API is not deployed → make deploy STAGE=dev")]
