"""The settings as people read them: README's list, and the sample of a stage's file."""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Iterator

from chalicelib.kinds import Amount, Choice, Day, Flag, Number, Setting, Several
from chalicelib.settings import SETTINGS
from tools.stage import KEYS, SECTIONS, value_at

_WIDTH = 120
_HEAD = """\
Everything that an operator decides for the stage `dev`. For another stage copy this file to stages/<name>.toml.
docs/deploy.md says where each value comes from; `make doctor STAGE=dev` says which of them do not hold. Until you fill
it in, this sample is written by `make texts` from the tables in chalicelib/settings.py and tools/stage.py."""
_VARIABLES = """\
Any other variable of the app (README, Configuration), but no key: a deploy makes the stage's keys and keeps them where
only the functions read them. One that stands here it moves there (docs/deploy.md, Keys)."""


def table() -> Iterator[str]:
    """Yield README's list of the variables."""
    yield "| variable | meaning | default | example | in the stage's file |"
    yield "|---|---|---|---|---|"
    for row in SETTINGS:
        default = f"`{row.default}`" if row.default else "required" if row.needed_by else row.when_empty
        example = row.example if "`" in row.example else f"`{row.example}`"
        key = f"`{row.key}`" if row.key else ""
        yield f"| `{row.name}` | {_meaning(row)} | {default} | {example} | {key} |"


def stage_file() -> Iterator[str]:
    """Yield the lines of stages/dev.toml: every key with what it holds by default, or with a sample of it."""
    yield from _comment(_HEAD)
    for section in SECTIONS:
        yield ""
        if section:
            yield f"[{section}]"
        for key, row in KEYS.items():
            table_name, _, leaf = key.rpartition(".")
            if table_name == section:
                yield from _comment(_sentence(row))
                yield f"{leaf} = {_toml(row)}"
    yield ""
    yield from _comment(_VARIABLES)
    yield "[environment]"


def is_filled_in(content: str) -> bool:
    """Return whether somebody has made a sample their own: then it is theirs, whatever the code says."""
    try:
        written = tomllib.loads(content)
    except tomllib.TOMLDecodeError:
        return True
    samples = {key: row.sample for key, row in KEYS.items() if row.sample and not row.default_in_file}
    samples |= {key: "" for key, row in KEYS.items() if row.is_found}
    held = {key: _spelled(KEYS[key], value_at(written, key)) for key in samples}
    return bool(written) and (held != samples or bool(written.get("environment")))


def _spelled(row: Setting, value: object) -> str | None:
    """Return what a file holds as the sample would spell it, None where it holds nothing of this kind."""
    try:
        return None if value is None else row.kind.spell(value)
    except ValueError:
        return None


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _meaning(row: Setting) -> str:
    """Return a setting's sentence, with its range where it has one."""
    return f"{row.meaning}; {row.kind.wanted}" if isinstance(row.kind, Number | Choice) else row.meaning


def _sentence(row: Setting) -> str:
    """Return what a key's comment says: what it means, how a list looks, and what empty means."""
    meaning = _meaning(row)
    like = f" For example {_toml(row, row.example)}." if isinstance(row.kind, Several) else ""
    empty = "" if row.default_in_file or row.needed_in_file else f" Empty: {row.when_empty}."
    return f"{meaning[0].upper()}{meaning[1:]}.{like}{empty}"


def _toml(row: Setting, text: str | None = None) -> str:
    """Return a text as TOML writes a value of this kind: the given one, or the default, or what the sample shows."""
    if text is None:
        text = row.sample or row.default_in_file or (row.example if row.needed_in_file else "")
    if isinstance(row.kind, Amount | Day | Flag | Number) and text:
        return text
    if isinstance(row.kind, Several):
        return json.dumps([part for part in text.split(",") if part])
    return json.dumps(text)
