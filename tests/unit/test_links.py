"""Links hold the meeting and the role; signed ones open one role's door only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.domain import rows
from chalicelib.domain.errors import BadRequest, Forbidden, LinkReplaced
from chalicelib.domain.keys import Keys
from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Role
from chalicelib.people import links
from tests.builders import meeting

KEY = Keys("a key that nobody knows", all_signed=True)
ID = "0b7e7dd4-9d0c-4c05-8f43-2c6f2d3c8a11"


def public_id(meeting_id: str, role: Role, keys: Keys | None, number: int = 0) -> str:
    return links.public_id(numbered(meeting_id, number), role, keys)


def numbered(meeting_id: str, number: int = 0) -> Meeting:
    """Return a meeting both of whose links were made anew so many times."""
    return meeting(id=meeting_id, teacher_link_number=number or None, student_link_number=number or None)


def meeting_id_of(text: str, role: Role, keys: Keys | None) -> str:
    return links.parse(text, role, lambda: keys).meeting_id


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://school.example.com", f"https://school.example.com?id={ID}&role=teacher"),
        ("https://school.example.com/meet", f"https://school.example.com/meet?id={ID}&role=teacher"),
        ("https://school.example.com/?lang=de", f"https://school.example.com/?lang=de&id={ID}&role=teacher"),
        ("http://localhost:8000/meeting#top", f"http://localhost:8000/meeting?id={ID}&role=teacher#top"),
        ("https://school.example.com/#/meet", f"https://school.example.com/#/meet?id={ID}&role=teacher"),
        ("https://school.example.com/#!meet?a=b", f"https://school.example.com/#!meet?a=b&id={ID}&role=teacher"),
    ],
)
def test_a_link_is_the_page_with_id_and_role_in_its_query(base: str, expected: str) -> None:
    assert links.link(base, numbered(ID), Role.TEACHER, None) == expected


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("key", [None, KEY])
def test_the_id_in_a_link_opens_the_meeting_it_was_made_for(role: Role, key: Keys | None) -> None:
    query = parse_qs(urlsplit(links.link("https://school.example.com", numbered(ID), role, key)).query)
    assert query["role"] == [role.value]
    assert meeting_id_of(query["id"][0], role, key) == ID


def test_without_a_key_the_public_id_is_the_rows_id() -> None:
    assert public_id(ID, Role.TEACHER, None) == ID


def test_a_signed_id_does_not_open_the_other_roles_door() -> None:
    with pytest.raises(Forbidden, match="not valid for this role"):
        meeting_id_of(public_id(ID, Role.TEACHER, KEY), Role.STUDENT, KEY)


@pytest.mark.parametrize(
    "text",
    [
        ID,
        f"{ID}.{'0' * 32}",
        public_id(ID, Role.TEACHER, Keys("another key")),
        public_id("another-meeting", Role.TEACHER, KEY).replace("another-meeting", ID),
    ],
    ids=["unsigned", "made up", "another key's", "another meeting's"],
)
def test_where_links_are_signed_no_other_signature_opens(text: str) -> None:
    with pytest.raises(Forbidden):
        meeting_id_of(text, Role.TEACHER, KEY)


def test_a_link_that_was_signed_opens_where_links_are_not_signed_any_more() -> None:
    assert meeting_id_of(public_id(ID, Role.TEACHER, KEY), Role.TEACHER, None) == ID


def test_the_signature_is_not_the_key() -> None:
    assert KEY.present not in links.link("https://school.example.com", numbered(ID), Role.TEACHER, KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "a/b",
        "../etc",
        "a" * 65,
        "a%20b",
        "ä",
        "aä",
        "a$b",
        f"{ID}.short",
        f"{ID}.{'G' * 32}",
        f"{ID}.Please",
        ".",
        "..",
        "a.b.c",
    ],
    ids=repr,
)
@pytest.mark.parametrize("key", [None, KEY])
def test_what_does_not_look_like_an_id_is_malformed(text: str, key: Keys | None) -> None:
    with pytest.raises(BadRequest, match="malformed"):
        meeting_id_of(text, Role.TEACHER, key)


def test_for_what_is_malformed_no_key_is_read() -> None:
    with pytest.raises(BadRequest, match="malformed"):
        links.parse("a$b", Role.TEACHER, lambda: pytest.fail("a key was read"))


@pytest.mark.parametrize("text", ["m1", "meeting_1", "A-b_9", "a" * 64])
def test_an_id_that_a_hand_gave_may_be_short_or_long(text: str) -> None:
    assert meeting_id_of(text, Role.TEACHER, None) == text


@pytest.mark.parametrize("role", list(Role))
def test_both_roles_are_known(role: Role) -> None:
    assert links.role_of(role.value) is role


@pytest.mark.parametrize(
    "text", ["", "-", "parent", "teachers", "teacher2", "teacher-2", "ſtudent", "x" * 500], ids=repr
)
def test_any_other_role_is_refused_by_name_and_briefly(text: str) -> None:
    with pytest.raises(BadRequest, match="teacher or student") as refused:
        links.role_of(text)
    assert len(str(refused.value)) < 100


# --- what mail programs and scanners do to a link

AT_THE_END = [
    *".,;:!?)]}>\"'*|\\/",
    "”",
    "’",
    "«",
    "…",
    ".)",
    '">',
    ">.",
    "\xad",
    "\u200b",
    "\ufeff",
    "\xa0",
    " ",
    "\r\n",
    "\0",
    "&quot;",
    "&gt;",
    "&#39;",
    "&nbsp;.",
    "%3E",
    "%22%20",
    "%E2%80%9D",
    "%253E",
    "=",
]


@pytest.mark.parametrize("damage", AT_THE_END, ids=repr)
@pytest.mark.parametrize("key", [None, KEY])
def test_a_link_that_was_damaged_at_its_end_opens(damage: str, key: Keys | None) -> None:
    assert meeting_id_of(public_id(ID, Role.TEACHER, key) + damage, Role.TEACHER, key) == ID
    assert links.role_of("teacher" + damage) is Role.TEACHER


@pytest.mark.parametrize(
    "text",
    [
        "Teacher",
        "TEACHER",
        " teacher ",
        "%20Teacher%20",
        "teacher_",
        "tea\xadcher",
        "tea\ncher",
        "teacher.Please",
        "teacher&x=1",
    ],
    ids=repr,
)
def test_a_role_is_understood_in_any_case_and_however_it_was_wrapped(text: str) -> None:
    assert links.role_of(text) is Role.TEACHER


@pytest.mark.parametrize(
    "text", [f" {ID}", f"{ID[:9]}\xad{ID[9:]}", f"{ID[:9]}\r\n{ID[9:]}", ID.replace("-", "%2D")], ids=repr
)
def test_an_id_is_understood_however_it_was_wrapped(text: str) -> None:
    assert meeting_id_of(text, Role.TEACHER, None) == ID


@pytest.mark.parametrize("meeting_id", ["ends-in-", "ends_in_", "-", "_"])
def test_what_an_id_may_end_with_is_not_taken_for_damage(meeting_id: str) -> None:
    assert meeting_id_of(meeting_id, Role.TEACHER, None) == meeting_id


def test_a_repaired_link_opens_no_other_door() -> None:
    teachers = public_id(ID, Role.TEACHER, KEY)
    with pytest.raises(Forbidden):
        meeting_id_of(f"{teachers}.", links.role_of("Student."), KEY)


# --- keys that change, and meetings from before there were any


def test_a_link_opens_after_its_key_was_rotated_and_not_after_it_was_taken_back() -> None:
    old, new = Keys("old"), Keys("new", ("old",))
    in_a_mail = public_id(ID, Role.TEACHER, old)
    assert meeting_id_of(in_a_mail, Role.TEACHER, new) == ID
    assert public_id(ID, Role.TEACHER, new) != in_a_mail
    with pytest.raises(Forbidden):
        meeting_id_of(in_a_mail, Role.TEACHER, Keys("new"))


def test_the_signatures_of_version_0_1_0_are_known() -> None:
    """Links in people's mails outlive an upgrade: this one was made by that version, with this key."""
    in_a_mail = f"{ID}.45f15ae6d20d6b04f1988c2e2a7f0d1e"
    assert meeting_id_of(in_a_mail, Role.TEACHER, KEY) == ID


def test_a_link_without_a_signature_is_left_to_the_row_where_meetings_were_made_before_signing() -> None:
    since_lately = Keys("k")
    assert meeting_id_of(ID, Role.TEACHER, since_lately) == ID
    assert not links.parse(f"{ID}.", Role.TEACHER, lambda: since_lately).signed
    with pytest.raises(Forbidden):
        meeting_id_of(f"{ID}.{'0' * 32}", Role.TEACHER, since_lately)


# --- links that were made anew


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("number", [1, 9, 10, 10_000])
def test_a_link_that_was_made_anew_bears_its_number_and_opens(role: Role, number: int) -> None:
    made = public_id(ID, role, KEY, number)
    assert made.endswith(f".{number}")
    link = links.parse(f"{made}.", role, lambda: KEY)
    assert (link.meeting_id, link.role, link.number, link.signed) == (ID, role, number, True)
    links.refuse_dead(link, numbered(ID, number))


@pytest.mark.parametrize(("shown", "holds"), [(0, 1), (1, 2), (2, 1), (1, 0)])
def test_a_link_of_another_number_than_the_rows_is_dead(shown: int, holds: int) -> None:
    link = links.parse(public_id(ID, Role.STUDENT, KEY, shown), Role.STUDENT, lambda: KEY)
    with pytest.raises(LinkReplaced, match="replaced by a newer one"):
        links.refuse_dead(link, numbered(ID, holds))


def test_a_link_from_before_links_were_signed_is_dead_too_once_there_is_a_new_one() -> None:
    link = links.parse(ID, Role.TEACHER, lambda: Keys("since lately"))
    links.refuse_dead(link, numbered(ID))
    with pytest.raises(LinkReplaced):
        links.refuse_dead(link, numbered(ID, 1))


def test_the_other_roles_link_stays_as_it_is() -> None:
    one = meeting(id=ID, student_link_number=3)
    links.refuse_dead(links.parse(links.public_id(one, Role.TEACHER, KEY), Role.TEACHER, lambda: KEY), one)


@pytest.mark.parametrize(
    "forged",
    [
        public_id(ID, Role.TEACHER, KEY) + ".1",
        public_id(ID, Role.TEACHER, KEY, 1).replace(".1", ".2"),
        public_id(ID, Role.TEACHER, KEY, 1).removesuffix(".1"),
        public_id(ID, Role.STUDENT, KEY, 1),
    ],
    ids=["a number added", "another number", "the number left out", "the other role's"],
)
def test_the_signature_covers_the_number(forged: str) -> None:
    with pytest.raises(Forbidden):
        links.parse(forged, Role.TEACHER, lambda: KEY)


@pytest.mark.parametrize("number", ["0", "01", "-1", "1.1", "100000", "x", "\u0661"])
def test_what_is_no_number_is_malformed(number: str) -> None:
    with pytest.raises(BadRequest, match="malformed"):
        links.parse(f"{public_id(ID, Role.TEACHER, KEY)}.{number}", Role.TEACHER, lambda: KEY)


def test_a_signature_tells_of_which_role_a_link_is() -> None:
    for role in Role:
        for number in (0, 4):
            link = links.parse_of_any_role(public_id(ID, role, KEY, number), lambda: KEY)
            assert (link.role, link.number) == (role, number)
    with pytest.raises(Forbidden):
        links.parse_of_any_role(ID, lambda: KEY)


# --- keys that were replaced at a moment

REPLACED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SINCE = Keys("new", ("old", "older"), replaced_at={"old": REPLACED, "older": REPLACED - timedelta(days=7)})
HEARD = timedelta(minutes=10)


def made(created_at: datetime | None, **row: Any) -> Meeting:
    moment = rows.timestamp(created_at) if created_at else None
    return meeting(id=ID, created_at=moment, links="signed", **row)


def opens(key: str, of: Meeting, number: int = 0, keys: Keys = SINCE) -> bool:
    """Whether a link that this key has signed opens the teacher's door, and manages the meeting."""
    text = public_id(ID, Role.TEACHER, Keys(key), number)
    for link in (links.parse(text, Role.TEACHER, lambda: keys), links.parse_of_any_role(text, lambda: keys)):
        assert (link.signed, link.role) == (True, Role.TEACHER)
        try:
            links.refuse_dead(link, of)
        except Forbidden:
            return False
    return True


@pytest.mark.parametrize("second", [-86_400, -1, 0, 599])
def test_a_key_that_was_replaced_opens_links_of_meetings_that_were_made_in_its_time(second: int) -> None:
    """Ten minutes more: until every container has heard of the new one, whatever the clocks say."""
    assert opens("old", made(REPLACED + timedelta(seconds=second)))


@pytest.mark.parametrize("after", [HEARD, HEARD + timedelta(seconds=1), timedelta(days=300)], ids=str)
def test_who_has_got_hold_of_an_old_key_signs_no_link_of_a_later_meeting(after: timedelta) -> None:
    later = made(REPLACED + after)
    assert not opens("old", later)
    assert opens("new", later)


def test_each_key_has_its_own_time() -> None:
    between = made(REPLACED - timedelta(days=3))
    assert (opens("older", between), opens("old", between), opens("new", between)) == (False, True, True)


def test_of_a_meeting_that_does_not_say_when_it_was_made_no_old_key_opens_a_link() -> None:
    assert not opens("old", made(None))
    assert opens("new", made(None))


def test_a_key_of_which_it_is_not_known_when_it_was_replaced_opens_as_ever() -> None:
    assert opens("of 0.1.0", made(REPLACED + timedelta(days=300)), keys=Keys("new", ("of 0.1.0",)))


def test_a_key_that_signs_again_is_not_held_to_when_it_was_replaced_once() -> None:
    back = Keys("old", ("new",), replaced_at={"old": REPLACED})
    assert opens("old", made(REPLACED + timedelta(days=1)), keys=back)


@pytest.mark.parametrize("key", ["new", "old"])
def test_a_link_that_was_made_anew_stays_the_only_one_whichever_key_signed_it(key: str) -> None:
    """No earlier number comes back with a rotation, and none is valid ahead."""
    row = made(REPLACED - timedelta(days=1), teacher_link_number=2)
    assert [number for number in range(5) if opens(key, row, number)] == [2]


def test_what_is_signed_now_opens_after_any_number_of_rotations() -> None:
    row, keys = made(REPLACED - timedelta(days=1)), Keys("k0")
    sent = links.public_id(row, Role.STUDENT, keys)
    for turn in range(1, 50):
        moments = {**keys.replaced_at, keys.present: REPLACED + timedelta(days=turn)}
        keys = Keys(f"k{turn}", keys.all, replaced_at=moments)
        links.refuse_dead(
            links.parse(sent, Role.STUDENT, partial(Keys, keys.present, keys.earlier, replaced_at=moments)), row
        )
        with pytest.raises(Forbidden):
            links.parse(sent, Role.TEACHER, partial(Keys, keys.present, keys.earlier, replaced_at=moments))
