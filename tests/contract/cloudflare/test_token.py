"""Where the Cloudflare adapter has its token from, and what it makes of a wrong one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain.errors import ConfigError, DnsError, Unavailable
from tests.contract.cloudflare.wire import DOWN, NONE, SECRET, Wire, limited, refusal, store
from tests.contract.conftest import NO_NETWORK


class TestToken:
    def test_is_fetched_when_it_is_first_needed_and_once(self, wire: Wire) -> None:
        assert wire.fetched == 0
        wire.plays(NONE, NONE, NONE)
        for _ in range(3):
            wire.dns.owned()
        assert wire.fetched == 1

    def test_a_wrong_one_is_fetched_anew_once(self, wire: Wire) -> None:
        wire.plays(*[refusal(403, 10000, "Authentication error")] * 9)
        with pytest.raises(DnsError, match="10000 Authentication error"):
            wire.dns.owned()
        assert (len(wire.asked), wire.fetched, wire.sleeps) == (2, 2, [])

    def test_one_that_was_changed_works_at_once(self, wire: Wire) -> None:
        wire.plays(NONE)
        wire.dns.owned()
        store(wire.account, json.dumps({"CLOUDFLARE_TOKEN": "t2"}))
        wire.plays(refusal(403, 10000), NONE, NONE)
        wire.dns.owned()
        wire.dns.owned()
        assert [asked.token for asked in wire.asked] == ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]
        assert wire.fetched == 2

    def test_no_message_shows_it(self, wire: Wire) -> None:
        store(wire.account, json.dumps({"CLOUDFLARE_TOKEN": "very-secret"}))
        for reply in (refusal(403, 10000), refusal(400, 9005), DOWN, limited("120")):
            wire.plays(*[reply] * 9)
            with pytest.raises((DnsError, Unavailable)) as failure:
                wire.dns.owned()
            assert "very-secret" not in str(failure.value)


class TestSecret:
    @pytest.mark.parametrize(
        "content",
        [
            {"CLOUDFLARE_TOKEN": "t9"},
            {"CLOUDFLARE_API_TOKEN": "t9"},
            {"CLOUDFLARE_TOKEN": "t9", "CLOUDFLARE_API_TOKEN": "t9"},
            {"CLOUDFLARE_TOKEN": "", "CLOUDFLARE_API_TOKEN": "t9"},
            {"CLOUDFLARE_TOKEN": None, "CLOUDFLARE_API_TOKEN": "t9"},
            {"CLOUDFLARE_TOKEN": " t9\n", "note": "rotated in May"},
        ],
    )
    def test_has_the_token_under_either_key(self, wire: Wire, content: dict[str, Any]) -> None:
        store(wire.account, json.dumps(content))
        wire.plays(NONE)
        wire.dns.owned()
        assert wire.asked[0].token == "Bearer t9"

    @pytest.mark.parametrize(
        "text",
        [
            '{"TOKEN": "t9"}',
            "{}",
            "t9",
            '"t9"',
            "[]",
            "null",
            '{"CLOUDFLARE_TOKEN": ""}',
            '{"CLOUDFLARE_TOKEN": " "}',
            '{"CLOUDFLARE_TOKEN": 9}',
            '{"CLOUDFLARE_TOKEN": {"value": "t9"}}',
        ],
    )
    def test_one_without_a_token_is_named_with_what_it_should_hold(self, wire: Wire, text: str) -> None:
        store(wire.account, text)
        with pytest.raises(ConfigError, match=f"{SECRET}.*SECRET_ARN.*CLOUDFLARE_TOKEN.*CLOUDFLARE_API_TOKEN"):
            wire.dns.owned()
        assert wire.asked == []

    def test_one_that_is_not_there_is_named(self, wire: Wire) -> None:
        wire.account.client("secretsmanager").delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
        with pytest.raises(ConfigError, match=f"{SECRET}.*SECRET_ARN"):
            wire.dns.owned()

    def test_one_that_holds_no_text_is_named(self, wire: Wire) -> None:
        wire.account.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretBinary=b"t9")
        with pytest.raises(ConfigError, match=SECRET):
            wire.dns.owned()

    def test_one_that_was_corrected_works_at_once(self, wire: Wire) -> None:
        store(wire.account, "{}")
        with pytest.raises(ConfigError):
            wire.dns.owned()
        store(wire.account, json.dumps({"CLOUDFLARE_TOKEN": "t9"}))
        wire.plays(NONE)
        wire.dns.owned()
        assert wire.asked[0].token == "Bearer t9"

    def test_no_message_shows_what_it_holds(self, wire: Wire) -> None:
        store(wire.account, '{"TOKEN": "very-secret"}')
        with pytest.raises(ConfigError) as failure:
            wire.dns.owned()
        assert "very-secret" not in str(failure.value)

    @pytest.mark.parametrize(
        "failure",
        [("ThrottlingException", 400), ("InternalServiceError", 500), ("AccessDeniedException", 400), NO_NETWORK],
        ids=["throttled", "broken", "denied", "no network"],
    )
    def test_one_that_cannot_be_read_now_is_unavailable(self, wire: Wire, failure: Any) -> None:
        wire.account.instead["GetSecretValue"] = failure
        with pytest.raises(Unavailable, match=SECRET):
            wire.dns.owned()
        assert wire.asked == []
