"""What is paid against what is used, on a small mix: the bound that `make paid` shows for many holds for few."""

from __future__ import annotations

import pytest

from chalicelib.domain.model import Reason
from tests.simulation.paid import MIX, Account, Kind, play, whole
from tests.simulation.world.clock import MINUTE, SECOND

MEETINGS = 20
BOUND = 1.55
"""Minutes that are paid for one that is used, the boots left out; few meetings vary more than a thousand."""

ENDS = {
    Kind.NORMAL: {Reason.MAX_DURATION, Reason.SUCCESS},
    Kind.NO_SHOW: {Reason.NO_SHOW},
    Kind.ONE_SIDED: {Reason.PARTIAL_NO_SHOW, Reason.PARTIAL_UPLOAD, Reason.MAX_DURATION},
    Kind.EARLY: {Reason.SUCCESS},
    Kind.ABANDONED: {Reason.SUCCESS, Reason.EARLY_SUCCESS, Reason.PARTIAL_UPLOAD},
}


@pytest.fixture(scope="module")
def accounts() -> dict[Kind, Account]:
    return play(MEETINGS, "test")


def test_the_mix_is_whole_and_every_meeting_ends_as_its_kind_does(accounts: dict[Kind, Account]) -> None:
    assert {kind: account.meetings * 100 // MEETINGS for kind, account in accounts.items()} == MIX
    assert {kind for kind, account in accounts.items() if not account.ends.keys() <= ENDS[kind]} == set()


def test_not_more_is_paid_for_what_is_used_than_is_said(accounts: dict[Kind, Account]) -> None:
    total = whole(accounts)
    assert 1 < total.ratio < BOUND
    assert accounts[Kind.NO_SHOW].paid / accounts[Kind.NO_SHOW].meetings < 2 * 26 * MINUTE, "till the checkpoint"


def test_rows_tell_what_ec2_billed(accounts: dict[Kind, Account]) -> None:
    total = whole(accounts)
    assert not total.told.is_estimate
    assert abs(total.told.paid - total.paid) < 2 * MEETINGS * 5 * SECOND
