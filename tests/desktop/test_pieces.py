"""What pieces are called, and how they are cut."""

from __future__ import annotations

import re

import pytest

from desktop.pieces import MIB, cut, safe_name, unique_name

GIB = 1024 * MIB
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", re.ASCII)


@pytest.mark.parametrize(
    ("size", "count", "length"),
    [
        (0, 0, 0),
        (1, 1, 1),
        (16 * MIB, 1, 16 * MIB),
        (16 * MIB + 1, 2, 16 * MIB),
        (20 * GIB, 1280, 16 * MIB),
        (200 * GIB, 8905, 23 * MIB),
        (48 * 1024 * GIB, 9000, 5593 * MIB),
    ],
)
def test_a_piece_is_cut_into_equal_parts_and_what_is_left(size: int, count: int, length: int) -> None:
    parts = cut(size)
    assert len(parts) == count
    assert sum(part.length for part in parts) == size
    assert [part.number for part in parts] == list(range(1, count + 1))
    assert all(part.start == length * (part.number - 1) for part in parts)
    assert all(part.length == length for part in parts[:-1])


@pytest.mark.parametrize(
    "name",
    [
        "0001.mkv",
        "a\nb.mkv",
        "../../etc/passwd",
        "..",
        ".",
        "-rf",
        "",
        "\udcff\udcfe.mkv",
        "عائشة 🐘.mkv",
        "x" * 300 + ".mkv",
        "x." + "y" * 300,
        "CON",
        "a:b|c?.mkv",
        "$(reboot).mkv",
        "<script>.html",
    ],
)
def test_whatever_a_file_is_called_its_name_is_one_that_everybody_takes(name: str) -> None:
    assert NAME.fullmatch(safe_name(name))
    assert NAME.fullmatch(unique_name(name))


def test_what_is_well_called_keeps_its_name_and_ending() -> None:
    assert safe_name("20260302T150000.123456Z-0001.mkv") == "20260302T150000.123456Z-0001.mkv"
    assert unique_name("20260302T150000.123456Z-0001.mkv", lambda: "9f2c") == "20260302T150000.123456Z-0001-9f2c.mkv"
    assert unique_name("x" * 100 + ".mkv", lambda: "9f2c") == "x" * 71 + "-9f2c.mkv"


def test_no_two_pieces_have_one_name() -> None:
    assert len({unique_name("0001.mkv") for _ in range(1000)}) == 1000
