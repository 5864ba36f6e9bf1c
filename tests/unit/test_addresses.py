"""Links lead to pages by HTTPS at a host that has one name: whatever programs or people read differently is refused."""

from __future__ import annotations

import unicodedata
from itertools import chain, product
from string import ascii_letters, digits

import pytest

from chalicelib.people.addresses import page_address

SCHOOL = "https://school.example.com"


def problem(text: str, *hosts: str) -> str:
    with pytest.raises(ValueError, match=r"[a-z]") as refused:
        page_address(text, hosts)
    return str(refused.value)


@pytest.mark.parametrize(
    ("given", "one"),
    [
        (SCHOOL, SCHOOL),
        ("HTTPS://School.Example.COM/Meet?A=B#C", f"{SCHOOL}/Meet?A=B#C"),
        (f"{SCHOOL}./meet", f"{SCHOOL}/meet"),
        (f"{SCHOOL}:443/meet", f"{SCHOOL}/meet"),
        (f"{SCHOOL}:08443", f"{SCHOOL}:8443"),
        (f"{SCHOOL}?lang=de", f"{SCHOOL}?lang=de"),
        (f"{SCHOOL}/#/meet?user=ann@example.com", f"{SCHOOL}/#/meet?user=ann@example.com"),
        (f"{SCHOOL}/@ann/%20/ü", f"{SCHOOL}/@ann/%20/ü"),
        ("https://intranet/meet", "https://intranet/meet"),
        ("https://my_school.example.com", "https://my_school.example.com"),
        ("https://3m.example", "https://3m.example"),
        ("https://127.0.0.1.example.com", "https://127.0.0.1.example.com"),
        ("https://1.example", "https://1.example"),
        ("https://MÜNCHEN.example", "https://xn--mnchen-3ya.example"),
        ("https://mu\u0308nchen.example", "https://xn--mnchen-3ya.example"),
        ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://школа.рф", "https://xn--80atdl2c.xn--p1ai"),
        ("https://сор.рф", "https://xn--n1aeb.xn--p1ai"),
        ("https://παράδειγμα.gr", "https://xn--hxajbheg2az3al.gr"),
        ("https://テレビ朝日.jp", "https://xn--ddk0a0ez52ytjb.jp"),
        ("https://한국.kr", "https://xn--3e0b707e.kr"),
        ("https://سلام.example", "https://xn--mgbx5cf.example"),
        ("https://विद्यालय.भारत", "https://xn--j2bsalm0de7i.xn--h2brj9c"),
        ("http://localhost:8000/meeting", "http://localhost:8000/meeting"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("http://app.localhost", "http://app.localhost"),
    ],
)
def test_an_address_has_one_form(given: str, one: str) -> None:
    assert page_address(given) == one
    assert page_address(one) == one


ATTACKS = {
    "user information": [
        "https://school.example.com@evil.example",
        "https://school.example.com:443@evil.example",
        "https://ann:secret@school.example.com",
        "https://@school.example.com",
        "https://school.example.com%2F@evil.example",
        "https://school.example.com\uff20evil.example",
    ],
    "an IP address": [
        "https://127.0.0.1",
        "https://127.0.0.1.",
        "https://127.1",
        "https://127.0x1",
        "https://0x7f000001",
        "https://0X7F.1",
        "https://0x",
        "https://2130706433",
        "https://017700000001",
        "https://0177.0.0.01",
        "https://1.2.3.4.5",
        "https://999.999.999.999",
        "https://school.example.1",
        "https://[::1]",
        "https://[::ffff:1.2.3.4]:8443/meet",
        "https://[fe80::1%25eth0]",
        "https://[v1.a]",
        "https://::1",
        "https://１２７.０.０.１",
        "https://127。0。0。1",
        "https://①②⑦.0.0.1",
        "http://127.0.0.1:8000/meeting",
        "http://[::1]:8000/meeting",
    ],
    "a look-alike": [
        "https://sch\u043e\u043el.example.com",  # Cyrillic among Latin
        "https://g\u03bfogle.example",  # Greek among Latin
        "https://аррӏе.example",  # Cyrillic alone
        "https://ѕсоре.example",
        "https://АРР.example",
        "https://ουτ.example",  # Greek alone
        "https://օօօ.example",  # Armenian
        "https://ɡooɡle.example",  # Latin, of another kind
        "https://lınkedın.example",
        "https://xn--80ak6aa92e.com",
        "https://XN--80AK6AA92E.com",
        "https://safe.example.аррӏе.com",
        "https://example.со",
        "https://goog\u0332le.example",  # a line below
        "https://ᎪᏢᏢᏞᎬ.example",
        "https://ꓮꓑꓑꓡꓰ.example",
        "https://ⅼinkedin.example",
        "https://example.co\u212a",
        "https://school.example.comノlogin.evil.example",
        "https://school.example.com〳evil.example",
        "https://\u02bbschool.example",
        "https://a\u0660.example",
    ],
    "a sign that nobody sees": [
        "https://school\u200b.example.com",
        "https://school\xad.example.com",
        "https://school\u2060.example.com",
        "https://school\u200d.example.com",
        "https://школ\u200dа.example.com",
        "https://\ufeffschool.example.com",
        "https://school\u034f.example.com",
        "https://school\ufe0f.example.com",
        "https://\u3164school.example.com",
        "https://school.example.com/\u202egnp.exe",
        "https://school.exam\tple.com",
        "https://school.example.com\r\nSet-Cookie: a=b",
        "https://school.example.com/\0",
        "ht\ntps://school.example.com",
        "https://school.example.com/a b",
        "https://school.example.com/\xa0",
    ],
    "a host that programs read differently": [
        "https://school.example.com\\@evil.example",
        "https:\\\\evil.example",
        "https://evil.example\\.school.example.com",
        "https://school.example.com/\\evil.example",
        "https://%65vil.example",
        "https://school%2eexample.com",
        "https://school.example.com%00.evil.example",
        "https://school.example.com;evil.example",
        "https://school.example.com,evil.example",
        "https://school..example.com",
        "https://.example.com",
        "https://school.example.com..",
        "https://.",
        "https://",
        "https:///evil.example",
        "https:evil.example",
        "https:/evil.example",
        "//evil.example",
        "https://-a.example",
        "https://a-.example",
        f"https://{'a' * 64}.example",
        f"https://{'a.' * 127}example",
        "https://ü..example",
        "https://i❤.example",
        "https://school。example",
        "https://school.example。.",
        "https://school。ア..",
        "https://xn--a.example",
        "https://xn--.example",
        "https://xn--example-.com",
        "https://xn--zzzzzz99999999.example",
        "https://<script>.example",
        "https://a'b.example",
        "https://$(id).example",
        "https://ex\ud800.example",
    ],
    "a port": [
        f"{SCHOOL}:0",
        f"{SCHOOL}:65536",
        f"{SCHOOL}:99999",
        f"{SCHOOL}:",
        f"{SCHOOL}:-1",
        f"{SCHOOL}:8０",
        f"{SCHOOL}:80:80",
        f"{SCHOOL}:000443",
        f"{SCHOOL}:https",
    ],
    "a scheme": [
        "http://school.example.com",
        "HTTP://school.example.com",
        "http://localhost.example.com",
        "http://notlocalhost",
        "http://localhost@evil.example",
        "ftp://school.example.com",
        "javascript://school.example.com/%0aalert(1)",
        "javascript:alert(1)",
        "data:text/html,https://school.example.com",
        "view-source:https://school.example.com",
        "https+x://school.example.com",
        "ｈttps://school.example.com",
        "school.example.com",
        "x",
    ],
    "a length": [f"{SCHOOL}/{'x' * 2000}"],
}


@pytest.mark.parametrize("text", [text for texts in ATTACKS.values() for text in texts], ids=ascii)
def test_what_may_deceive_is_refused_with_a_reason_whatever_hosts_are_named(text: str) -> None:
    for hosts in ((), ("school.example.com", "evil.example")):
        told = problem(text, *hosts)
        assert told[0].islower()
        assert not told.endswith(".")
        assert len(told) < 250


def test_every_spelling_of_an_ip_address_is_refused() -> None:
    """One to four parts, each decimal, octal or hexadecimal, as browsers take them."""
    spelled = ("{:d}", "0{:o}", "0x{:x}", "0X{:X}")
    for parts in ((127, 0, 0, 1), (127, 0, 1), (127, 1), (2130706433,)):
        for forms in product(spelled, repeat=len(parts)):
            host = ".".join(form.format(part) for form, part in zip(forms, parts, strict=True))
            for end in ("", ".", ":8443", "/meet", "?a", "#a"):
                problem(f"https://{host}{end}")


def test_no_sign_of_unicode_lets_a_host_be_read_in_two_ways() -> None:
    """Every sign in the middle of a host: it is refused, or the host is another one, in its one form.

    A letter that is only another way to write an ASCII one makes no name that is taken.
    """
    taken = {}
    for point in chain(range(0x3100), range(0xA640, 0xAC00), range(0xFB00, 0x10000)):  # all but where East Asia's are
        try:
            taken[chr(point)] = page_address(f"https://a{chr(point)}b.example")
        except ValueError:
            continue
    ascii_signs = {sign for sign in taken if sign.isascii()}
    assert ascii_signs == set(f"{ascii_letters}{digits}-_./?#")
    for sign in taken.keys() - ascii_signs:
        assert taken[sign].startswith("https://xn--"), ascii(sign)
        assert not unicodedata.normalize("NFKC", sign).isascii(), ascii(sign)
        assert all("LATIN" in unicodedata.name(each) for each in unicodedata.normalize("NFC", f"a{sign}b")), ascii(sign)


def test_links_lead_only_to_the_hosts_that_are_named() -> None:
    hosts = ("school.example.com", "xn--mnchen-3ya.example")
    for good in (SCHOOL, f"{SCHOOL}.", "https://SCHOOL.example.com:8443/x", "https://münchen.example"):
        page_address(good, hosts)
    for other in (
        "https://evil.example",
        "https://example.com",
        "https://a.school.example.com",
        "https://school.example.com.evil.example",
        "https://evil.example/school.example.com",
        "https://evil.example?school.example.com",
        "https://evil.example#@school.example.com",
        "https://munchen.example",
        "http://localhost:8000",
    ):
        assert "may not lead to" in problem(other, *hosts)


def test_who_is_refused_by_host_is_told_which_and_what_to_do_and_not_which_others_there_are() -> None:
    assert problem("https://xn--mnchen-3ya.example/x", "school.example.com") == (
        "links from here may not lead to münchen.example. Use the form where you usually find it, or ask whoever runs "
        "it to add that host to meetings.link_hosts"
    )
