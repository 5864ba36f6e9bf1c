"""Where the Cloudflare adapter has its token from, and what it makes of a wrong one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain.errors import ConfigError, DnsError, Unavailable
from localcloud.clock import VirtualClock
from tests.contract.cloudflare.wire import DOWN, NONE, RECORD, SECRET, Wire, limited, refusal, store
from tests.contract.conftest import NO_NETWORK

SPELLINGS = [
    *((status, code) for status in (401, 403) for code in (10000, 9109, 9103, 1000, 9999)),
    (400, 6003),
    (200, 10000),
]
"""The statuses and codes with which Cloudflare refuses a token."""

NO_TOKENS = {
    "a space": "t9 t9",
    "Bearer before it": "Bearer t9",
    "a line break": "t9\nt9",
    "a header behind it": "t9\r\nX-Auth-Email: a@example.com",
    "quotes": "'t9'",
    "double quotes": '"t9"',
    "typographic quotes": "\u201ct9\u201d",
    "Latin letters outside ASCII": "schlüssel9",
    "other letters": "т9",
    "a sign of money": "t\u20ac9",
    "a zero-width space": "t9\u200b",
    "a byte order mark": "\ufefft9",
    "half a character": "t9\ud800",
    "a null": "t9\0",
    "dots alone": "...",
    "an ellipsis": "\u2026",
    "angle brackets": "<t9>",
    "no end": "t9" * 5000,
}


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

    @pytest.mark.parametrize(("status", "code"), SPELLINGS)
    def test_is_fetched_anew_whatever_way_it_is_refused(self, wire: Wire, status: int, code: int) -> None:
        wire.plays(NONE)
        wire.dns.owned()
        store(wire.account, json.dumps({"CLOUDFLARE_TOKEN": "t2"}))
        wire.plays(refusal(status, code), NONE)
        wire.dns.owned()
        assert [asked.token for asked in wire.asked] == ["Bearer t1", "Bearer t1", "Bearer t2"]

    @pytest.mark.parametrize(("status", "code"), [(400, 9005), (404, 7003), (200, 1000), (400, 1000), (409, 81057)])
    def test_is_not_fetched_anew_where_something_else_is_refused(self, wire: Wire, status: int, code: int) -> None:
        wire.plays(*[refusal(status, code)] * 9)
        with pytest.raises(DnsError):
            wire.dns.owned()
        assert (len(wire.asked), wire.fetched) == (1, 1)

    def test_is_fetched_anew_at_most_once_a_minute(self, wire: Wire, clock: VirtualClock) -> None:
        fetched = []
        for wait_s in (0, 0, 59, 0, 1, 0, 59, 1):
            clock.sleep(wait_s)
            wire.plays(*[refusal(403, 9109)] * 9)
            with pytest.raises(DnsError):
                wire.dns.owned()
            fetched.append(wire.fetched)
        assert fetched == [2, 2, 2, 2, 3, 3, 3, 4]

    def test_that_is_refused_is_told_with_its_secret_and_what_it_must_be_allowed(self, wire: Wire) -> None:
        wire.plays(*[refusal(403, 9109, "Unauthorized to access requested resource")] * 9)
        for _ in range(2):
            with pytest.raises(DnsError, match=rf"9109 Unauthorized.*{SECRET}.*SECRET_ARN.*Zone → DNS → Edit"):
                wire.dns.owned()

    def test_stays_in_use_while_the_secret_cannot_be_read_anew(self, wire: Wire, clock: VirtualClock) -> None:
        wire.plays(NONE)
        wire.dns.owned()
        wire.account.instead["GetSecretValue"] = ("InternalServiceError", 500)
        wire.plays(refusal(403, 10000))
        with pytest.raises(Unavailable, match=SECRET):
            wire.dns.owned()
        tried = wire.fetched
        wire.plays(refusal(403, 10000), NONE)
        with pytest.raises(DnsError):
            wire.dns.owned()
        assert (wire.dns.owned(), wire.fetched) == ([], tried)
        clock.sleep(60)
        del wire.account.instead["GetSecretValue"]
        wire.plays(refusal(403, 10000), NONE)
        assert wire.dns.owned() == []

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

    @pytest.mark.parametrize("token", NO_TOKENS.values(), ids=NO_TOKENS)
    def test_one_that_cannot_be_a_token_is_named_and_not_shown(self, wire: Wire, token: str) -> None:
        store(wire.account, json.dumps({"CLOUDFLARE_API_TOKEN": token}))
        with pytest.raises(
            ConfigError, match=f"{SECRET}.*SECRET_ARN.*CLOUDFLARE_API_TOKEN.*store the token"
        ) as failure:
            wire.dns.publish([RECORD])
        assert token not in str(failure.value)
        assert "t9" not in str(failure.value)
        assert wire.asked == []

    @pytest.mark.parametrize(
        "text", ["", " ", "\ufeff", "[" * 60_000, '{"CLOUDFLARE_TOKEN": "t9"', "CLOUDFLARE_TOKEN=t9"]
    )
    def test_one_that_is_no_json_is_named_and_not_shown(self, wire: Wire, text: str) -> None:
        wire.account.instead["GetSecretValue"] = {"SecretString": text}
        with pytest.raises(ConfigError, match=f"{SECRET}.*SECRET_ARN.*JSON") as failure:
            wire.dns.owned()
        assert "t9" not in str(failure.value)

    @pytest.mark.parametrize(
        "text", ['\ufeff{"CLOUDFLARE_TOKEN": "t9"}', '\r\n{"CLOUDFLARE_TOKEN":"\\u00a0t9\\r\\n"}\n']
    )
    def test_what_stands_around_the_token_is_taken_away(self, wire: Wire, text: str) -> None:
        store(wire.account, text)
        wire.plays(NONE)
        wire.dns.owned()
        assert wire.asked[0].token == "Bearer t9"

    def test_one_that_cannot_be_a_token_beside_one_that_can_is_passed_over(self, wire: Wire) -> None:
        store(wire.account, json.dumps({"CLOUDFLARE_TOKEN": "<your token>", "CLOUDFLARE_API_TOKEN": "t9"}))
        wire.plays(NONE)
        wire.dns.owned()
        assert wire.asked[0].token == "Bearer t9"

    def test_one_without_a_token_is_read_again_at_most_once_a_minute(self, wire: Wire, clock: VirtualClock) -> None:
        store(wire.account, "{}")
        fetched = []
        for wait_s in (0, 0, 0, 59, 1, 0):
            clock.sleep(wait_s)
            with pytest.raises(ConfigError, match=SECRET):
                wire.dns.owned()
            fetched.append(wire.fetched)
        assert fetched == [1, 2, 2, 2, 3, 3]

    def test_one_that_holds_no_token_any_more_is_told_when_the_token_is_refused(self, wire: Wire) -> None:
        wire.plays(NONE)
        wire.dns.owned()
        store(wire.account, "{}")
        wire.plays(refusal(403, 10000))
        for _ in range(2):
            with pytest.raises(ConfigError, match=SECRET):
                wire.dns.owned()
        assert len(wire.asked) == 2

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
