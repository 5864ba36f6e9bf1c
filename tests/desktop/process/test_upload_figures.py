"""An upload by a process of its own, cut or killed at every part: it arrives whole, and little is sent twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desktop.process.upload_figures import Upload, cut_at, cut_at_each, killed_at
from tests.desktop.uploading.store import Fault

PART = 400_000
SIZE = 3 * PART + 1000
PACE = 40


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("number", [1, 4])
def test_cut_at_a_part_that_part_alone_is_sent_again(number: int, fault: Fault) -> None:
    figure = cut_at(number, fault, PART, SIZE, PACE)
    assert (figure.parts, figure.processes) == (4, 1)
    # S3 has the part that it has not answered for: it is not sent again.
    assert (figure.again, figure.sent_twice) == {
        Fault.BEFORE: (1, 0),
        Fault.MIDWAY: (1, (PART if number == 1 else 1000) // 2),
        Fault.AFTER: (0, 0),
    }[fault]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_killed_at_a_part_that_part_alone_is_sent_again(number: int) -> None:
    figure = killed_at(number, PART, SIZE, PACE)
    assert (figure.parts, figure.processes) == (4, 2)
    assert figure.again <= 1
    assert figure.sent_twice <= PART


@pytest.mark.parametrize(
    ("fault", "begun", "sent_twice"), [(Fault.MIDWAY, 8, SIZE // 2), (Fault.BEFORE, 8, 0), (Fault.AFTER, 4, 0)]
)
def test_cut_at_every_part_it_arrives(fault: Fault, begun: int, sent_twice: int) -> None:
    figure = cut_at_each(fault, PART, SIZE, PACE)
    assert (figure.parts, figure.begun, figure.sent_twice, figure.processes) == (4, begun, sent_twice, 1)


def test_a_large_file_without_blocks_takes_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    figure = Upload(tmp_path, 16 * 1024 * 1024, 100_000_000, sparse=True).run(lambda number: None)
    assert figure.parts == 6
    assert figure.memory_mib < 60
