"""EC2's token buckets, to the token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.burst.buckets import Bucket, Limits

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def taken(bucket: Bucket, at: datetime) -> int:
    """Take one token after the other, until there is none."""
    count = 0
    while bucket.take(1, at):
        count += 1
    return count


def test_a_bucket_is_full_at_first_and_gives_no_more_than_it_holds() -> None:
    assert taken(Bucket(5, 2), NOW) == 5


@pytest.mark.parametrize(
    ("seconds", "tokens"), [(0.499999, 0), (0.5, 1), (0.999999, 1), (1, 2), (2.4, 4), (2.5, 5), (3600, 5)]
)
def test_what_has_come_meanwhile_is_told_to_the_microsecond_and_never_more_than_the_bucket_holds(
    seconds: float, tokens: int
) -> None:
    bucket = Bucket(5, 2)
    taken(bucket, NOW)
    assert taken(bucket, after(seconds)) == tokens


def test_parts_of_a_token_are_kept_however_often_somebody_asks() -> None:
    bucket = Bucket(5, 2)
    taken(bucket, NOW)
    assert sum(bucket.take(1, after(tick / 1000)) for tick in range(1, 10_001)) == 20, "two a second, for ten seconds"


def test_who_asks_for_more_than_there_is_takes_nothing() -> None:
    bucket = Bucket(1000, 2)
    assert bucket.take(999, NOW)
    assert not bucket.take(2, NOW)
    assert bucket.take(1, NOW)
    assert not bucket.take(1, after(0.25))
    assert bucket.take(1, after(0.5))


def test_launches_are_limited_by_requests_and_by_instances() -> None:
    limits = Limits()
    assert [limits.admit("RunInstances", 2, NOW) for _ in range(6)] == [True] * 5 + [False]
    assert limits.admit("RunInstances", 990, after(0.5))
    assert not limits.admit("RunInstances", 2, after(0.75)), "no request"
    assert limits.admit("RunInstances", 2, after(1)), "two instances a second came meanwhile"
    assert not limits.admit("RunInstances", 2, after(1.5)), "a request, and one instance"


def test_of_a_thousand_pairs_the_last_is_launched_after_500_seconds_at_the_earliest() -> None:
    limits, seconds, launched = Limits(), -1, 0
    while launched < 1000:
        seconds += 1
        while limits.admit("RunInstances", 2, after(seconds)):
            launched += 1
    assert seconds == 500, "a thousand instances are in the bucket, the others come by two a second"


def test_endings_are_limited_by_requests_and_by_instances() -> None:
    limits = Limits()
    assert limits.admit("TerminateInstances", 1000, NOW)
    assert not limits.admit("TerminateInstances", 1, NOW)
    assert limits.admit("TerminateInstances", 20, after(1))
    assert [Limits().admit("TerminateInstances", 1001, NOW)] == [False]


def test_all_that_is_read_comes_from_one_bucket_and_tags_from_another() -> None:
    limits = Limits()
    assert all(limits.admit(f"Describe{what}", 0, NOW) for what in ("Instances", "Subnets") for _ in range(50))
    assert not limits.admit("DescribeImages", 0, NOW)
    assert sum(limits.admit("DescribeInstances", 0, after(1)) for _ in range(30)) == 20
    assert sum(limits.admit("CreateTags", 0, NOW) for _ in range(200)) == 100
    assert sum(limits.admit("CreateTags", 0, after(1)) for _ in range(200)) == 10
