"""`make ops`: the board opens with a key of its own, which ends within the hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.domain.access import Scope, find
from tests.tools.keyed import TABLE, Command, a_stage, command_of
from tools import ops
from tools.account import Clients
from tools.keys import given_out


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    with a_stage(monkeypatch) as made:
        yield made


@pytest.fixture
def command(client: Clients, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return command_of(ops, client, monkeypatch, capsys)


def deployed(client: Clients) -> None:
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="elephant")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    gateway.create_deployment(restApiId=api, stageName="dev")


def test_the_board_opens_with_a_key_in_its_fragment_that_is_good_for_an_hour(
    command: Command, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed(client)
    opened: list[str] = []

    def opens(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", opens)
    code, out, _ = command("--meeting", "m-1")
    assert (code, len(opened)) == (0, 1)
    address = urlsplit(opened[0])
    assert (address.path, address.query) == ("/dev/ops", "")
    fragment = parse_qs(address.fragment)
    assert fragment["meeting"] == ["m-1"]
    key = find(fragment["key"][0], given_out(TABLE, client), datetime.now(UTC))
    assert key
    assert (key.scope, key.name.startswith("ops-")) == (Scope.OPERATE, True)
    assert key.expires_at
    assert timedelta(minutes=59) < key.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    assert fragment["key"][0] not in out


def test_where_no_browser_can_be_opened_the_address_is_printed(
    command: Command, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed(client)
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    code, out, _ = command()
    assert (code, "/dev/ops#key=" in out) == (0, True)
    assert "/dev/ops#key=" in command("--print")[1]


def test_a_stage_without_an_api_is_told_of_and_no_key_is_made(command: Command, client: Clients) -> None:
    code, _, err = command()
    assert (code, "has no API" in err) == (1, True)
    assert given_out(TABLE, client) == {}
