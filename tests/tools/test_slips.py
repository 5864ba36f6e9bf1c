"""Whatever a setting can be typed as wrongly is refused by name; what stands in the table as good is taken.

Run over the tables themselves, so that a new setting is held to this without a new test.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.errors import ConfigError
from chalicelib.domain.policy import Policy
from chalicelib.domain.prices import Prices
from chalicelib.environment import (
    PRICED_BY,
    DesktopSettings,
    DnsSettings,
    OperatorSettings,
    RecordingSettings,
    Settings,
    TimerSettings,
)
from chalicelib.kinds import Amount, Choice, Day, Flag, Kind, Most, Number, Secret, Setting, Several
from chalicelib.settings import SETTINGS, Client
from tools import recorded
from tools.settings_texts import stage_file
from tools.stage import KEYS, Stage, StageError, load, parse, unusable, value_at

WORDS: dict[str, Callable[[str], str]] = {
    "a scheme": lambda good: f"https://{good}",
    "a slash": lambda good: f"{good}/",
    "a space": lambda good: f"{good[:2]} {good[2:]}",
    "quotes": lambda good: f"'{good}'",
    "double quotes": lambda good: f'"{good}"',
    "a line feed": lambda good: f"{good[:2]}\n{good[2:]}",
    "a null": lambda good: f"{good[:2]}\0{good[2:]}",
    "a non-breaking space": lambda good: f"{good[:2]}\u00a0{good[2:]}",
    "a zero-width space": lambda good: f"{good[:2]}\u200b{good[2:]}",
    "a full-width digit": lambda good: f"{good[:-1]}\uff11",
    "a Cyrillic letter": lambda good: f"\u0430{good[1:]}",
    "a Kelvin sign": lambda good: f"{good[:-1]}\u212a",
}
"""Slips that can be made wherever text is written."""

EDGES: dict[str, Callable[[str], str]] = {
    "a space before": lambda good: f" {good}",
    "a space behind": lambda good: f"{good} ",
    "a tab behind": lambda good: f"{good}\t",
    "a non-breaking space before": lambda good: f"\u00a0{good}",
    "spaces alone": lambda good: "  ",
}
"""Slips that the environment forgives: the app takes what stands around a value away."""

MADE = {**dict.fromkeys((row.stack_output for row in SETTINGS), "made"), "DesktopClient": Client.KIT.value}
"""What a new stage's stack has made."""

PRINTABLE = {"a scheme", "a slash", "a space"}
ALIKE = {"a full-width digit", "a Cyrillic letter", "a Kelvin sign"}
MEANT = {
    "KEY_NAME": PRINTABLE,  # EC2 takes any printable ASCII
    "SCHEDULE_KEY": PRINTABLE | ALIKE,
    "LINK_SIGNING_KEY": PRINTABLE | ALIKE,
    "VOUCHING_KEY": PRINTABLE | ALIKE,
    "OPERATOR_NAME": PRINTABLE | ALIKE | {"quotes", "double quotes"},  # for people to read, in any language
    "OPERATOR_CONTACT": PRINTABLE | ALIKE | {"quotes", "double quotes"},
    "PRICES_SOURCE": PRINTABLE | ALIKE | {"quotes", "double quotes"},
    "CLOUDFLARE_API_URL": {"a slash"},
    "API_URL": {"a slash"},
}
"""What would be a slip elsewhere and may be meant here."""

RECORD = "recordings.record"
"""The only key of which the sample holds something else than what a file without it stands for: a stage that was there
before anything was recorded begins with it by its operator's own word."""

NUMBERS = ["many", "", "0", "-1", "1.5", "1e3", "0x10", "\uff16\uff10", "\u00b2", "9" * 30]


def sample() -> dict[str, Any]:
    return tomllib.loads("\n".join(stage_file()))


def written(key: str, value: object) -> dict[str, Any]:
    """Return the sample with another value for one key."""
    content = sample()
    section, _, leaf = key.rpartition(".")
    (content[section] if section else content)[leaf] = value
    return content


def bad_values(row: Setting) -> list[tuple[str, object]]:
    """Return what may not stand in the file for a setting, each with its name."""
    good = row.sample or row.example
    kind: Kind = row.in_file or row.kind
    slips = [(name, slip(good)) for name, slip in (WORDS | EDGES).items() if name not in MEANT.get(row.name, set())]
    found: list[tuple[str, object]] = [
        ("a fraction", 1.5),
        ("a table", {"a": good}),
        ("a date", tomllib.loads("a = 2026-01-01")["a"]),
    ]
    if isinstance(kind, Amount):
        return [("a table", {"a": 1}), ("text", good), ("a flag", True), ("a list", [1]), ("less", -1), ("more", 1e9)]
    if isinstance(kind, Day):
        found = [each for each in found if each[0] != "a date"]
    if isinstance(kind, Flag):
        return [*found, ("a number", 1), ("text", "true"), ("a list", [True])]
    if isinstance(kind, Number):
        wrong = [text for text in [*NUMBERS, good] if text or not isinstance(kind, Most)]
        texts: list[tuple[str, object]] = [(f"the text {text!r}", text) for text in wrong]
        return [*found, *texts, *below(kind), ("less", -1), ("a flag", True), ("a list", [1]), *above(kind)]
    if isinstance(kind, Several):
        first = good.split(",")[0]
        items = [(name, slip(first)) for name, slip in (WORDS | EDGES).items()]
        found += [(f"a list with {name}", [first, item]) for name, item in items]
        return [
            *found,
            ("text", good),
            ("a number", 1),
            ("a list of numbers", [1]),
            ("a list with nothing", [first, ""]),
        ]
    if isinstance(kind, Choice):
        slips.append(("another word", "none"))
    found += [("a number", 60), ("a flag", True), ("a list", [good]), *slips]
    return [*found, ("nothing", "")] if row.needed_in_file else found


def below(kind: Number) -> list[tuple[str, object]]:
    """Return zero, where nothing so low is meant."""
    return [] if _takes_zero(kind) else [("zero", 0)]


def _takes_zero(kind: Number) -> bool:
    try:
        kind.read("0")
    except ValueError:
        return False
    return True


def above(kind: Number) -> list[tuple[str, object]]:
    """Return numbers that are too high, where any is."""
    highest = [int(number) for number in re.findall(r"\d+", kind.wanted)][-1]
    return [] if kind.wanted.endswith("or more") else [("more", highest + 1), ("far more", 10**12)]


BAD_IN_FILE = [
    pytest.param(key, value, id=f"{key}: {name}") for key, row in KEYS.items() for name, value in bad_values(row)
]
UNKEYED = [row for row in SETTINGS if row.name not in {keyed.name for keyed in KEYS.values()} and row.name != "STAGE"]


def bad_texts(row: Setting) -> list[tuple[str, str]]:
    """Return what may not stand in the environment for a setting."""
    if isinstance(row.kind, Number):
        return [(repr(text), text) for text in NUMBERS if text and not (text == "0" and _takes_zero(row.kind))]
    good = row.example.split(",")[0] if isinstance(row.kind, Several) else row.example
    return [(name, slip(good)) for name, slip in WORDS.items() if name not in MEANT.get(row.name, set())]


BAD_TEXTS = [pytest.param(row, text, id=f"{row.name}: {name}") for row in SETTINGS for name, text in bad_texts(row)]


@pytest.mark.parametrize(("key", "value"), BAD_IN_FILE)
def test_a_slip_in_the_file_is_refused_by_the_name_of_its_key(key: str, value: object) -> None:
    with pytest.raises(StageError) as caught:
        parse("dev", written(key, value))
    assert str(caught.value).startswith(f"stages/dev.toml cannot be used: {key} ")
    assert str(caught.value).count("; ") == 0, "nothing else is wrong"


@pytest.mark.parametrize("key", KEYS)
def test_what_the_table_shows_as_good_is_taken(key: str) -> None:
    row = KEYS[key]
    parse("dev", sample())
    for text in filter(None, (row.example, row.sample, row.default)):
        value: object = text
        if isinstance(row.kind, Number | Flag | Amount):
            value = json.loads(text)
        elif isinstance(row.kind, Several):
            value = text.split(",")
        stage = parse("dev", written(key, value))
        assert not row.name or row.read(stage.variable(row.name)) == row.read(text)


@pytest.mark.parametrize("key", [key for key, row in KEYS.items() if not row.needed_in_file])
def test_what_need_not_be_said_may_be_left_out(key: str) -> None:
    content = sample()
    section, _, leaf = key.rpartition(".")
    del (content[section] if section else content)[leaf]
    left_out, said = parse("dev", content), parse("dev", sample() if key != RECORD else written(RECORD, False))
    made = MADE
    assert recorded.environment(left_out, made) == recorded.environment(said, made)


@pytest.mark.parametrize("key", [key for key, row in KEYS.items() if row.needed_in_file])
def test_what_must_be_said_is_missed_by_name(key: str) -> None:
    content = sample()
    section, _, leaf = key.rpartition(".")
    del (content[section] if section else content)[leaf]
    with pytest.raises(StageError, match=f"used: {key} is missing"):
        parse("dev", content)


@pytest.mark.parametrize(("row", "text"), BAD_TEXTS)
def test_a_slip_in_the_environment_is_refused_by_the_name_of_its_variable(row: Setting, text: str) -> None:
    environ = {other.name: other.example for other in SETTINGS} | {row.name: text}
    settings = Settings(environ)
    if row.name != "STREAM_ARN":  # read when app.py is imported, which must not fail for every other function
        with pytest.raises(ConfigError, match=f"right: {row.name} "):
            getattr(settings, row.group)() if row.group else getattr(settings, row.attribute)
    assert [problem.partition(" ")[0] for problem in unusable(environ)] == [row.name]


@pytest.mark.parametrize(("row", "text"), [case for case in BAD_TEXTS if case.values[0] in UNKEYED])
def test_so_it_is_in_the_files_table_of_variables(row: Setting, text: str) -> None:
    with pytest.raises(StageError, match=rf"used: environment\.{row.name} must be"):
        parse("dev", sample() | {"environment": {row.name: text}})


@pytest.mark.parametrize("row", UNKEYED, ids=lambda row: row.name)
def test_a_variable_that_has_no_key_may_be_set_by_its_name(row: Setting) -> None:
    """But a key of the app: a stage of version 0.1.0 may hold one, which its next deploy moves and hands to nobody."""
    stage = parse("dev", sample() | {"environment": {row.name: row.example}})
    made = dict.fromkeys((row.stack_output for row in SETTINGS), "made")
    handed_on = recorded.environment(stage, made)
    if isinstance(row.kind, Secret):
        assert row.name not in handed_on
        assert stage.secrets == {row.name: row.example}
    else:
        assert handed_on[row.name] == row.example
        assert stage.secrets == {}


@pytest.mark.parametrize("row", [row for row in SETTINGS if row.key], ids=lambda row: row.key)
def test_one_that_has_a_key_of_its_own_is_told_so(row: Setting) -> None:
    with pytest.raises(StageError, match=rf"environment\.{row.name} has a key of its own: write it as {row.key}"):
        parse("dev", sample() | {"environment": {row.name: row.example}})


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"SCHEDUL_KEY": "k"}, "SCHEDUL_KEY is not known here: did you mean SCHEDULE_KEY?"),
        ({"schedule_key": "k"}, "did you mean SCHEDULE_KEY?"),
        ({"STAGE": "prod"}, "STAGE is the name of this file"),
        ({"MY-OWN": "k"}, "MY-OWN is no name of a variable"),
        ({"MY_OWN": "k\nl"}, "MY_OWN holds a character that cannot be printed"),
        ({"MY_OWN": 3}, "MY_OWN must be text in quotes"),
        ([], "environment must be a table"),
    ],
)
def test_other_slips_among_the_variables_are_refused(environment: object, told: str) -> None:
    with pytest.raises(StageError, match=re.escape(told)):
        parse("dev", sample() | {"environment": environment})


def test_a_variable_of_which_the_table_knows_nothing_is_handed_on() -> None:
    stage = parse("dev", sample() | {"environment": {"MY_OWN": "ü b"}})
    assert recorded.environment(stage, dict.fromkeys((row.stack_output for row in SETTINGS), "made"))["MY_OWN"] == "ü b"


def test_a_key_in_the_wrong_place_is_told_where_it_belongs() -> None:
    with pytest.raises(StageError, match=r"ami_id is not known here: did you mean desktops\.ami_id\?"):
        parse("dev", sample() | {"ami_id": "ami-0e7fd79d17e852d18"})


@pytest.mark.parametrize("name", [row.name for row in SETTINGS if isinstance(row.kind, Secret)])
@pytest.mark.parametrize("secret", ["'opensesame'", "open\tsesame", 7])
def test_no_message_repeats_a_secret(name: str, secret: Any) -> None:
    with pytest.raises(StageError) as in_file:
        parse("dev", sample() | {"environment": {name: secret}})
    assert name in str(in_file.value)
    told = [str(in_file.value), *unusable({name: secret} if isinstance(secret, str) else {})]
    assert not [text for text in told if "sesame" in text or "7" in text]


@pytest.mark.parametrize(
    ("place", "made_up"),
    [("desktops.ami_id", "ami-1"), ("dns.zone_id", "zone"), ("LAUNCHER_ARN", "l"), ("SAFETY_NET_ARN", "s")],
)
def test_ids_that_only_an_emulator_gives_are_taken_from_the_environment_alone(place: str, made_up: str) -> None:
    row = KEYS[place] if place in KEYS else next(row for row in SETTINGS if row.name == place)
    assert row.read(made_up) == made_up
    content = written(place, made_up) if place in KEYS else sample() | {"environment": {place: made_up}}
    with pytest.raises(StageError, match=rf"used: (environment\.)?{place} must be .*, not '{made_up}'"):
        parse("dev", content)


# --- the file itself


@pytest.mark.parametrize("more", ["", 'MY_OWN = "Straße"\n'])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_file_in_another_encoding_is_refused_with_a_sentence(encoding: str, more: str, tmp_path: Path) -> None:
    text = "\n".join([*stage_file(), more])
    (tmp_path / "dev.toml").write_bytes(text.encode(encoding))
    with pytest.raises(StageError, match=r"dev\.toml is not plain UTF-8: it .*\. Save it as UTF-8"):
        load("dev", tmp_path)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_so_is_one_in_an_encoding_of_europe(encoding: str, tmp_path: Path) -> None:
    text = "\n".join(stage_file()) + '\nMY_OWN = "Straße"\n'
    (tmp_path / "dev.toml").write_bytes(text.encode(encoding))
    with pytest.raises(StageError, match=r"dev\.toml is not plain UTF-8: .*\. Save it as UTF-8"):
        load("dev", tmp_path)
    (tmp_path / "dev.toml").write_bytes(text.replace("\n", "\r\n").encode("utf-8"))
    assert load("dev", tmp_path).environment["MY_OWN"] == "Straße"


def test_a_byte_of_another_encoding_is_told_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "dev.toml").write_bytes(b'region = "us-west-2"\naccount = ""  # Stra\xdfe\n')
    with pytest.raises(StageError, match="line 2 holds a byte"):
        load("dev", tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "dev.toml").mkdir()
    with pytest.raises(StageError, match=r"dev\.toml cannot be read: "):
        load("dev", tmp_path)


@pytest.mark.parametrize("text", ["region = us-west-2", 'region = "a"\nregion = "b"', "[desktops", 'region = "us\x01"'])
def test_what_is_not_toml_is_told_with_its_place(text: str, tmp_path: Path) -> None:
    (tmp_path / "dev.toml").write_text(text)
    with pytest.raises(StageError, match=r"dev\.toml is not TOML: .*(line|document)"):
        load("dev", tmp_path)


# --- one table, one default


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_the_app_finds_every_setting_where_its_row_says(row: Setting) -> None:
    groups = {"policy": Policy, "desktops": DesktopSettings, "dns": DnsSettings, "timers": TimerSettings}
    groups |= {"recordings": RecordingSettings, "operator": OperatorSettings, "prices": Prices}
    home = set(dir(groups[row.group] if row.group else Settings))
    assert row.attribute in home
    settings = Settings({row.name: row.example for row in SETTINGS})
    holder = getattr(settings, row.group)() if row.group else settings
    assert getattr(holder, row.attribute) == row.read(row.example)


@pytest.mark.parametrize("row", [row for row in SETTINGS if row.default], ids=lambda row: row.name)
def test_a_default_is_the_same_for_the_app_and_for_a_deploy_that_says_nothing(row: Setting) -> None:
    priced = {row.name: row.example for row in SETTINGS if row.key in PRICED_BY}
    needed = {row.name: row.example for row in SETTINGS if row.needed_by} | priced
    least = Stage("dev", "us-west-2", "", "ami-0e7fd79d17e852d18", "example.com", "0" * 32)
    made = {row.stack_output: row.default or row.example for row in SETTINGS if row.stack_output}
    alone, deployed = Settings(needed), Settings(priced | recorded.environment(least, made))
    for settings in (alone, deployed):
        holder = getattr(settings, row.group)() if row.group else settings
        assert getattr(holder, row.attribute) == row.read("")


def test_a_stage_of_which_nothing_is_said_is_the_sample() -> None:
    least = {key: value_at(sample(), key) for key, row in KEYS.items() if row.needed_in_file}
    content: dict[str, Any] = {"region": least["region"], "desktops": {}, "dns": {}}
    for key in least.keys() - {"region"}:
        content[key.split(".")[0]][key.split(".")[1]] = least[key]
    made = MADE
    said, unsaid = parse("dev", written(RECORD, False)), parse("dev", content)
    attributes = {found.name for found in fields(Stage)} - {"environment", "client"}  # that is as the stack has it
    assert {name: getattr(unsaid, name) for name in attributes} == {name: getattr(said, name) for name in attributes}
    assert recorded.environment(unsaid, made) == recorded.environment(said, made)


def test_what_a_stage_holds_is_of_the_type_that_it_says() -> None:
    stage = parse("dev", sample())
    types = {"str": str, "int": int, "bool": bool, "tuple[str, ...]": tuple, "Client": Client}
    for found in fields(Stage):
        if found.name != "environment":
            value, wanted = getattr(stage, found.name), types[str(found.type)]
            assert type(value) is wanted or (wanted is str and isinstance(value, str))
