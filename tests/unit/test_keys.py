"""The app's own keys: what one has signed, and what a seal on a row is worth."""

from __future__ import annotations

from itertools import permutations

from chalicelib.domain.keys import NO_SEAL, Keys, Seal
from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Role, Seat

NEW, OLD = Keys("new", ("old",)), Keys("old")


def test_the_present_key_signs_and_the_earlier_ones_still_count() -> None:
    """A key that was rotated is still known by what it signed; one that was taken back is not."""
    assert NEW.has_signed("text", NEW.sign("text"))
    assert NEW.has_signed("text", OLD.sign("text"))
    assert not OLD.has_signed("text", NEW.sign("text"))


def test_a_signature_is_of_one_text_and_may_be_shortened_to_128_bits() -> None:
    """Links hold the first 32 digits; fewer would be guessed, and other texts have other signatures."""
    signature = NEW.sign("text")
    assert NEW.has_signed("text", signature[:32])
    assert not NEW.has_signed("text", signature[:31])
    assert not NEW.has_signed("text", "")
    assert not NEW.has_signed("text", "ü" * 40)
    assert not NEW.has_signed("text!", signature)


def test_keys_are_not_shown() -> None:
    """A key must not reach a log through somebody's debugging line."""
    assert "new" not in repr(NEW)
    assert "old" not in repr(NEW)


def test_a_seal_holds_for_just_what_it_was_put_on() -> None:
    """What vouches for one desktop of one meeting vouches for no other, and nothing vouches without a key."""
    seal = Seal(lambda: NEW)
    mark = seal.on("m1", "teacher", "i-1")
    assert seal.holds(mark, "m1", "teacher", "i-1")
    assert not seal.holds(mark, "m2", "teacher", "i-1")
    assert not seal.holds(None, "m1", "teacher", "i-1")
    assert NO_SEAL.on("m1") is None
    assert not NO_SEAL.holds(mark, "m1", "teacher", "i-1")


def test_a_seal_of_a_key_that_is_known_asks_for_no_newer_one() -> None:
    asked: list[str] = []
    seal = Seal(lambda: asked.append("now"), lambda: NEW)
    assert seal.holds(seal.on("m1", "teacher", "i-1"), "m1", "teacher", "i-1")
    assert asked == []


def test_a_seal_that_no_known_key_has_put_on_may_be_of_a_newer_one() -> None:
    """Another function has read the key later than this one."""
    newer = Keys("newer", ("new",))
    seal = Seal(lambda: newer, lambda: NEW)
    assert seal.holds(Seal(lambda: newer).on("m1", "teacher", "i-1"), "m1", "teacher", "i-1")
    assert not seal.holds(Seal(lambda: newer).on("m2", "teacher", "i-1"), "m1", "teacher", "i-1")
    assert not seal.holds(Seal(lambda: Keys("forged")).on("m1", "teacher", "i-1"), "m1", "teacher", "i-1")


def test_nothing_that_can_be_typed_vouches_for_a_desktop() -> None:
    """Who may write rows sees the id, the role and the desktop on them: none of these together is a voucher."""
    parts = ("m1", "teacher", "i-1", "m1/teacher", "launched", "true", "1")
    guesses = ["", *parts, *(between.join(pair) for pair in permutations(parts, 2) for between in "/|:_- ")]
    for guess in guesses:
        seat = Seat(Role.TEACHER, desktop_id="i-1", voucher=guess)
        assert not Meeting("m1", teacher=seat, seal=Seal(lambda: NEW)).vouches_for(seat), guess
    sealed = Seat(Role.TEACHER, desktop_id="i-1", voucher=Seal(lambda: NEW).on("m1", Role.TEACHER, "i-1"))
    assert Meeting("m1", teacher=sealed, seal=Seal(lambda: NEW)).vouches_for(sealed)
