"""What the Cloudflare stand-in promises: the real paths, codes and limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from localcloud.clock import VirtualClock
from localcloud.cloudflare import TOKEN, ZONE_ID, Cloudflare
from localcloud.ledger import Ledger


class Zone:
    """A client of the zone."""

    def __init__(self, cloudflare: Cloudflare, clock: VirtualClock, ledger: Ledger) -> None:
        self.cloudflare = cloudflare
        self.clock = clock
        self.ledger = ledger
        self.token = TOKEN
        self.zone = ZONE_ID
        self._session = requests.Session()

    def ask(self, method: str, path: str = "", **more: Any) -> requests.Response:
        url = f"{self.cloudflare.url}/zones/{self.zone}/dns_records{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        return self._session.request(method, url, headers=headers, timeout=10, **more)

    def create(self, name: str = "i-1", **more: Any) -> requests.Response:
        record = {"type": "A", "name": name, "content": "192.0.2.1", "comment": "elephant:dev:m", **more}
        return self.ask("POST", json=record)


@pytest.fixture
def zone() -> Iterator[Zone]:
    clock = VirtualClock(datetime(2026, 12, 7, 18, 0, tzinfo=UTC))
    ledger = Ledger()
    cloudflare = Cloudflare(clock, ledger)
    yield Zone(cloudflare, clock, ledger)
    cloudflare.stop()


def code(answer: requests.Response) -> tuple[int, int]:
    body = answer.json()
    assert body["success"] is False
    return answer.status_code, body["errors"][0]["code"]


def test_a_record_is_created_read_changed_and_deleted(zone: Zone) -> None:
    created = zone.create().json()
    record = created["result"]
    assert created["success"] is True
    assert record["name"] == "i-1.example.com"
    assert record["created_on"] == record["modified_on"] == "2026-12-07T18:00:00.000000Z"
    zone.clock.sleep(60)
    changed = zone.ask("PATCH", f"/{record['id']}", json={"content": "192.0.2.2"}).json()["result"]
    assert changed["content"] == "192.0.2.2"
    assert changed["comment"] == "elephant:dev:m"
    assert changed["modified_on"] > changed["created_on"] == record["created_on"]
    replacement = {"type": "A", "name": "i-1", "content": "192.0.2.3"}
    replaced = zone.ask("PUT", f"/{record['id']}", json=replacement).json()["result"]
    assert (replaced["content"], replaced["comment"]) == ("192.0.2.3", None)
    assert zone.ask("GET", f"/{record['id']}").json()["result"] == replaced
    assert zone.ask("DELETE", f"/{record['id']}").json()["result"] == {"id": record["id"]}
    assert not zone.cloudflare.records


def test_listing_filters_and_pages(zone: Zone) -> None:
    for number in range(5):
        zone.create(f"i-{number}", comment="elephant:dev:m" if number else "elephant:prod:m")
    ours = zone.ask("GET", params={"comment.startswith": "elephant:dev:", "per_page": 3, "page": 2}).json()
    assert [record["name"] for record in ours["result"]] == ["i-4.example.com"]
    assert ours["result_info"] == {"page": 2, "per_page": 3, "count": 1, "total_count": 4, "total_pages": 2}
    [named] = zone.ask("GET", params={"name": "I-2.example.com", "type": "A"}).json()["result"]
    assert named["name"] == "i-2.example.com"
    assert not zone.ask("GET", params={"type": "CNAME"}).json()["result"]


def test_a_filter_of_comments_makes_no_difference_of_case(zone: Zone) -> None:
    zone.create(comment="Elephant:DEV:m")
    [found] = zone.ask("GET", params={"comment.startswith": "elephant:dev:"}).json()["result"]
    assert found["comment"] == "Elephant:DEV:m"


def test_names_come_back_in_punycode_and_lower_case_whatever_was_sent(zone: Zone) -> None:
    created = zone.create("I-1.München.Example.com.").json()["result"]
    assert created["name"] == "i-1.xn--mnchen-3ya.example.com"
    [named] = zone.ask("GET", params={"name": "i-1.MÜNCHEN.example.com"}).json()["result"]
    assert named == created == zone.cloudflare.named("i-1.münchen.example.com")[0]


def test_errors_have_cloudflares_codes(zone: Zone) -> None:
    zone.create()
    assert code(zone.create()) == (400, 81058)
    assert code(zone.create(comment="another")) == (400, 81057)
    assert code(zone.create(type="CNAME", content="example.org")) == (400, 81053)
    assert code(zone.ask("DELETE", "/unknown")) == (404, 81044)
    assert code(zone.ask("PATCH", "/unknown", json={"ttl": 60})) == (404, 81044)
    assert code(zone.create("i-2", content="not an address")) == (400, 9005)
    assert code(zone.create("i-2", ttl=5)) == (400, 9021)
    assert code(zone.create("i-2", comment="x" * 101)) == (400, 1004)
    assert code(zone.ask("POST", data="not json")) == (400, 9207)
    zone.token = "wrong"
    assert code(zone.create("i-2")) == (403, 10000)
    zone.token, zone.zone = TOKEN, "unknown"
    assert code(zone.create("i-2")) == (404, 7003)
    assert len(zone.cloudflare.records) == 1


def test_other_kinds_of_record_may_share_a_name(zone: Zone) -> None:
    zone.create()
    assert zone.create(type="TXT", content="hello").ok


def test_addresses_share_a_name_unless_they_are_told_not_to(zone: Zone) -> None:
    zone.create()
    assert zone.create(content="192.0.2.9").ok
    assert zone.create(type="AAAA", content="2001:db8::1").ok
    assert len(zone.cloudflare.named("i-1.example.com")) == 3
    zone.cloudflare.round_robin = False
    assert code(zone.create(content="192.0.2.10")) == (400, 81053)


def test_nothing_shares_a_name_with_a_cname(zone: Zone) -> None:
    zone.create(type="CNAME", content="example.org")
    assert code(zone.create()) == (400, 81054)
    assert code(zone.create(type="CNAME", content="example.net")) == (400, 81053)


def test_a_proxied_record_has_the_automatic_ttl(zone: Zone) -> None:
    assert zone.create(proxied=True, ttl=120).json()["result"]["ttl"] == 1


def test_a_batch_is_done_in_cloudflares_order(zone: Zone) -> None:
    record = zone.create().json()["result"]
    batch = {
        "posts": [{"type": "A", "name": "i-1", "content": "192.0.2.5"}],
        "deletes": [{"id": record["id"]}],
    }
    result = zone.ask("POST", "/batch", json=batch).json()["result"]
    assert [deleted["id"] for deleted in result["deletes"]] == [record["id"]]
    assert [record["content"] for record in zone.cloudflare.records.values()] == ["192.0.2.5"]


def test_a_batch_is_done_wholly_or_not_at_all(zone: Zone) -> None:
    record = zone.create().json()["result"]
    batch = {
        "deletes": [{"id": record["id"]}],
        "patches": [{"id": "unknown", "ttl": 60}],
        "posts": [{"type": "A", "name": "i-2", "content": "192.0.2.5"}],
    }
    assert code(zone.ask("POST", "/batch", json=batch)) == (404, 81044)
    assert list(zone.cloudflare.records) == [record["id"]]
    assert [change.what for change in zone.cloudflare.changes] == ["created"]


@pytest.mark.parametrize(("plan", "most"), [("free", 200), ("pro", 3500)])
def test_a_batch_holds_as_many_changes_as_the_plan_allows(zone: Zone, plan: str, most: int) -> None:
    zone.cloudflare.plan = plan
    deletes = [{"id": f"unknown-{n}"} for n in range(most + 1)]
    assert code(zone.ask("POST", "/batch", json={"deletes": deletes})) == (400, 1004)
    assert code(zone.ask("POST", "/batch", json={"deletes": deletes[:most]})) == (404, 81044)


def test_a_zone_holds_as_many_records_as_it_may_and_says_how_many_that_are(zone: Zone) -> None:
    zone.cloudflare.holds = 2
    assert zone.create("i-1").ok
    batch = {"posts": [{"type": "A", "name": f"i-{n}", "content": "192.0.2.5"} for n in (2, 3)]}
    assert code(zone.ask("POST", "/batch", json=batch)) == (400, 81045)
    assert zone.create("i-2").ok
    assert code(zone.create("i-3")) == (400, 81045)
    assert zone.ask("GET", "/usage").json()["result"] == {"record_quota": 2, "record_usage": 2}
    batch = {"posts": batch["posts"][1:], "deletes": [{"id": next(iter(zone.cloudflare.records))}]}
    assert zone.ask("POST", "/batch", json=batch).ok


def test_over_the_limit_everything_is_blocked_for_five_minutes(zone: Zone) -> None:
    now = zone.clock.now()
    zone.cloudflare.use_up(left=1)
    assert zone.ask("GET").headers["Ratelimit"] == '"default";r=0;t=300'
    blocked = zone.ask("GET")
    assert blocked.headers["Ratelimit-Policy"] == '"default";q=1200;w=300'
    assert (blocked.status_code, blocked.headers["Retry-After"]) == (429, "300")
    zone.clock.run(now + timedelta(seconds=240))
    assert zone.ask("GET").headers["Retry-After"] == "60"
    zone.clock.run(now + timedelta(seconds=300))
    assert zone.ask("GET").ok


def test_requests_of_more_than_five_minutes_ago_do_not_count(zone: Zone) -> None:
    zone.cloudflare.use_up()
    zone.clock.run(zone.clock.now() + timedelta(minutes=5))
    assert zone.ask("GET").ok


def test_it_can_be_down_or_refuse_with_a_200(zone: Zone) -> None:
    zone.cloudflare.outage = "5xx"
    assert zone.create().status_code == 502
    zone.cloudflare.outage = "success: false"
    assert code(zone.create())[0] == 200
    zone.cloudflare.outage = None
    assert not zone.cloudflare.records
    assert zone.create().ok


def test_the_token_can_be_verified(zone: Zone) -> None:
    url = f"{zone.cloudflare.url}/user/tokens/verify"
    good = requests.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)
    assert good.json()["result"]["status"] == "active"
    assert code(requests.get(url, timeout=10)) == (403, 10000)


def test_every_request_is_in_the_ledger_refused_ones_too(zone: Zone) -> None:
    with zone.ledger.under("sweep"):
        zone.create()
        zone.create()
    assert [(call.operation, call.trigger, call.status) for call in zone.ledger.calls] == [
        ("create record", "sweep", 200),
        ("create record", "sweep", 400),
    ]
