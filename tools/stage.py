"""The one file an operator edits, stages/<stage>.toml: read, checked, and given defaults.

What may stand in it, and with which words it is refused, comes from the table of the app's settings and from the
table of what only a deploy needs, here. Everything wrong with a file is said at once, with the place in the file.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from chalicelib.adapters.dns.waiting import DNS_WAIT
from chalicelib.adapters.keys import ACCESS, CERTIFICATE, CERTIFICATE_FACTS, item_id
from chalicelib.adapters.lately import LATELY
from chalicelib.adapters.pausing import PAUSED
from chalicelib.domain.keys import Purpose
from chalicelib.kinds import FILE, REGION, STAGE_NAME, Flag, Number, Secret, Setting, Several, Text
from chalicelib.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
APP = "elephant"
FUNCTIONS = ("api_handler", "launch_ec2", "safety_net", "dns_watchdog", "stream_terminator", "sweep")
"""The app's functions by their names in Chalice; all routes are `api_handler`."""
OWN_ITEMS = (
    "calendar/*",
    "cost/*",
    CERTIFICATE_FACTS,
    CERTIFICATE,
    ACCESS,
    DNS_WAIT,
    *map(item_id, Purpose),
    LATELY,
    PAUSED,
    "sweep",
    "uses/*",
)
"""The items of the app's own table, by patterns of their ids; a function is granted those that its code uses."""

ACCOUNT = Text("[0-9]{12}", "an account's 12 digits")
EMAIL = Text("[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*", "an e-mail address")
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""The days for which CloudWatch can keep a log."""

# Not formatted, so that a row stays a few lines and the table can be read as one.
# fmt: off
DEPLOY = (
    Setting("", REGION, key="region", needed_by="deploy", example="us-west-2",
            meaning="the Region that desktops run in"),
    Setting("", ACCOUNT, key="account", example="123456789012", when_empty="whichever the credentials are for",
            meaning="the AWS account: deploy into no other one"),
    Setting("", FILE, key="desktops.issuer_root", example="origin-roots.pem",
            when_empty="whichever the desktop itself trusts",
            meaning="the file beside this one with the root certificates, as PEM, of which one must have issued the "
            "certificate of desktops with the kit"),
    Setting("", Flag(), key="desktops.fast_launch", default="false", example="true",
            meaning="whether a deploy turns Fast Launch on for the image, so that Windows' first boot takes a third of "
            "the time; prepared snapshots cost their storage"),
    Setting("", EMAIL, key="operations.alarm_email", example="operators@example.com", when_empty="nobody",
            meaning="the address that alarms are mailed to, once its owner has confirmed"),
    Setting("", Number(among=RETENTIONS), key="operations.log_retention_days", default="30", example="90",
            meaning="the days for which the functions' logs are kept"),
    Setting("", Flag(), key="operations.protect_table", default="true", example="false",
            meaning="whether the table is protected from being deleted by accident; make destroy can"),
)
"""What only a deploy needs."""
# fmt: on

SECTIONS = ("", "desktops", "dns", "meetings", "recordings", "operator", "operations", "prices")
"""The tables of the file, in their order; the keys above all tables are those of ""."""

KEYS = {
    row.key: row
    for section in SECTIONS
    for row in (*SETTINGS, *DEPLOY)
    if row.key and row.key.rpartition(".")[0] == section
}
"""Every key of the file, as `table.key`, in the order of the file."""

_VARIABLES = {row.name: row for row in SETTINGS}

SECRETS = frozenset(row.name for row in SETTINGS if isinstance(row.kind, Secret))
"""The variables that hold keys: a deployed stage has them in its state table, and in no function's environment."""


class StageError(Exception):
    """The stage's file cannot be used; the message says why and what to write instead."""


def deployed_name(stage: str, function: str) -> str:
    """Return the name under which Chalice deploys a function: that of all routes bears the stage's alone."""
    return f"{APP}-{stage}" if function == "api_handler" else f"{APP}-{stage}-{function}"


def _leaf(key: str) -> str:
    return key.rpartition(".")[2]


def _attribute(key: str) -> str:
    """Return the attribute of a stage that would hold this key: its last word, its table before one that is of two."""
    return key.replace(".", "_") if key.startswith(("operator.", "meetings.keep_")) else _leaf(key)


def _value(row: Setting, text: str) -> Any:
    """Return the value of what a file holds, or of its default; one that has none is empty, not None."""
    text = text or row.default_in_file
    value = row.kind.read(text) if text else None
    if value is None:
        return () if isinstance(row.kind, Several) else ""
    return value


def _usual(attribute: str) -> Any:
    """Return the value of a key that the file leaves out."""
    [row] = [row for key, row in KEYS.items() if _attribute(key) == attribute]
    return _value(row, "")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as its operator wants it. Empty text and empty tuples mean: the default described in the file.

    What tools look at is an attribute, by its key in the file. `environment` holds the rest as the functions get it, by
    the variables' names: what the file says, be it that something is empty.
    """

    name: str
    region: str
    account: str
    ami_id: str
    domain: str
    zone_id: str
    instance_type: str = _usual("instance_type")
    volume_gib: int = _usual("volume_gib")
    availability_zones: tuple[str, ...] = _usual("availability_zones")
    vpc: str = _usual("vpc")
    subnets: tuple[str, ...] = _usual("subnets")
    kms_key: str = _usual("kms_key")
    client: str = _usual("client")
    fast_launch: bool = _usual("fast_launch")
    key_name: str = _usual("key_name")
    instance_profile: str = _usual("instance_profile")
    security_groups: tuple[str, ...] = _usual("security_groups")
    upload_bucket: str = _usual("upload_bucket")
    issuer_root: str = _usual("issuer_root")
    at_once: int = _usual("at_once")
    record: bool = _usual("record")
    keep_days: int = _usual("keep_days")
    operator_name: str = _usual("operator_name")
    operator_contact: str = _usual("operator_contact")
    operator_logo: str = _usual("operator_logo")
    event_bus: str = _usual("event_bus")
    alarm_email: str = _usual("alarm_email")
    log_retention_days: int = _usual("log_retention_days")
    table: str = _usual("table")
    protect_table: bool = _usual("protect_table")
    scheduling: str = _usual("scheduling")
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # it may hold keys of version 0.1.0

    @property
    def stack(self) -> str:
        """The name of the CloudFormation stack, and the prefix of everything of this stage."""
        return f"{APP}-{self.name}"

    @property
    def table_name(self) -> str:
        """The name that the stage's table has after a deploy, as the template makes it."""
        return self.table or f"{APP}-meetings-{self.name}"

    @property
    def state_table(self) -> str:
        """The name of the table in which the app and a deploy keep what is theirs, as the template makes it."""
        return f"{APP}-state-{self.name}"

    def function(self, name: str) -> str:
        """Return the name under which Chalice deploys a function."""
        return deployed_name(self.name, name)

    def role(self, name: str, suffix: str = "") -> str:
        """Return the name of a function's role. `suffix` is what the stage's names end in that all Regions share."""
        return f"{APP}-{self.name}-{name}{suffix}"

    def log_group(self, name: str) -> str:
        """Return the name of the log group that Lambda writes a function's log to."""
        return f"/aws/lambda/{self.function(name)}"

    @property
    def secrets(self) -> dict[str, str]:
        """What the file still holds of the keys that a deploy has moved, or will move, into the state table."""
        return {name: text for name, text in self.environment.items() if name in SECRETS}

    def variable(self, name: str) -> str:
        """Return a variable of the functions as text: what the file says of it, or its default.

        It is empty where it has none, and where it is the stack that says it.
        """
        row = _VARIABLES.get(name)
        if row and _attribute(row.key) in _ATTRIBUTES:
            return row.kind.spell(getattr(self, _attribute(row.key)))
        if name == "STAGE":
            return self.name
        return self.environment.get(name) or (row.default_in_file if row else "")


_ATTRIBUTES = {attribute.name for attribute in fields(Stage)}


def load(name: str, folder: Path = ROOT / "stages") -> Stage:
    """Return the stage of this name from its file.

    Raises:
        StageError: there is no such file, or with everything that is wrong with it.
    """
    try:
        STAGE_NAME.read(name)
    except ValueError as error:
        raise StageError(f"A stage's name {error}, not {name!r}.") from None
    path = folder / f"{name}.toml"
    try:
        content = tomllib.loads(_text_of(path))
    except FileNotFoundError:
        raise StageError(f"There is no {path}; copy stages/dev.toml to it and edit the copy.") from None
    except OSError as error:
        raise StageError(f"{path} cannot be read: {error.strerror}.") from None
    except tomllib.TOMLDecodeError as error:
        raise StageError(f"{path} is not TOML: {error}.") from None
    return parse(name, content)


def _text_of(path: Path) -> str:
    """Return a file's text; what Windows' editors and shells write instead of UTF-8 is named.

    Raises:
        StageError: it is in another encoding.
    """
    raw = path.read_bytes()
    why = ""
    if raw.startswith(codecs.BOM_UTF8):
        why = "it begins with a byte order mark"
    elif b"\0" in raw:
        why = "it looks like UTF-16"
    else:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            why = f"line {line} holds a byte of another encoding"
    raise StageError(f"{path} is not plain UTF-8: {why}. Save it as UTF-8 without a byte order mark.")


def parse(name: str, content: Mapping[str, Any]) -> Stage:
    """Return the stage that a file's content describes.

    Raises:
        StageError: with everything that is wrong with it.
    """
    problems = [*_misplaced(content), *_unusable_variables(content.get("environment", {}))]
    texts: dict[str, str] = {}
    for key, row in KEYS.items():
        try:
            texts[key] = _text(row, value_at(content, key))
        except ValueError as error:
            problems.append(f"{key} {error}")
    if problems:
        raise StageError(f"stages/{name}.toml cannot be used: {'; '.join(problems)}.")
    own = {key: _attribute(key) for key in KEYS if _attribute(key) in _ATTRIBUTES}
    attributes = {attribute: _value(KEYS[key], texts[key]) for key, attribute in own.items()}
    written = {key for key in KEYS if value_at(content, key) is not None}
    others = {KEYS[key].name: text for key, text in texts.items() if key in written and key not in own}
    return Stage(name=name, environment=others | dict(content.get("environment", {})), **attributes)


def value_at(content: Mapping[str, Any], key: str) -> object:
    """Return what a file's content holds under `table.key`, None where it holds nothing."""
    section, _, leaf = key.rpartition(".")
    table = content.get(section, {}) if section else content
    return table.get(leaf) if isinstance(table, Mapping) else None


def _text(row: Setting, value: object) -> str:
    """Return what a key holds, as the environment would hold it; empty where it is left out or left empty.

    Raises:
        ValueError: it cannot be used; the message completes "<key> …".
    """
    if value is None:
        if row.needed_in_file:
            raise ValueError("is missing")
        return ""
    kind = row.in_file or row.kind
    try:
        text = kind.spell(value)
        if text:
            kind.read(text)
    except ValueError as error:
        raise ValueError(f"{error}" if isinstance(kind, Secret) else f"{error}, not {value!r:.80}") from None
    if row.needed_in_file and not text:
        raise ValueError(f"is empty, and must be {kind.wanted}")
    return text


def _variable_problem(name: str, value: object) -> str:
    """Return what is wrong with a variable that the file sets by name, empty where nothing is."""
    row = _VARIABLES.get(name)
    if name == "STAGE":
        return "is the name of this file, and cannot be another"
    if row and row.key:
        return f"has a key of its own: write it as {row.key}"
    if not isinstance(value, str):
        return 'must be text in quotes, like SCHEDULE_KEY = "…"'
    if row:
        kind = row.in_file or row.kind
        try:
            _ = kind.read(value) if value else ""
        except ValueError as error:
            return str(error) if isinstance(kind, Secret) else f"{error}, not {value!r:.80}"
        return ""
    if near := get_close_matches(name.upper(), _VARIABLES, 1, 0.85):
        return f"is not known here: did you mean {near[0]}?"
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_]+", name):
        return "is no name of a variable: letters, digits and underscores, the first a letter"
    return "" if value.isprintable() else "holds a character that cannot be printed"


def _misplaced(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands in the file where it does not belong."""
    found = {key: value for key, value in content.items() if key not in {*SECTIONS, "environment"}}
    for section in SECTIONS[1:]:
        if isinstance(part := content.get(section, {}), Mapping):
            found |= {f"{section}.{key}": value for key, value in part.items()}
        else:
            yield f"{section} must be a table, written [{section}]"
    for key in found:
        if key not in KEYS:
            near = [known for known in KEYS if _leaf(known) == _leaf(key)] or get_close_matches(key, KEYS, 1)
            yield f"{key} is not known here" + (f": did you mean {near[0]}?" if near else "")


def _unusable_variables(environment: object) -> Iterator[str]:
    """Yield what is wrong with the file's table of variables."""
    if not isinstance(environment, Mapping):
        yield "environment must be a table, written [environment]"
        return
    for name, value in environment.items():
        if problem := _variable_problem(name, value):
            yield f"environment.{name} {problem}"


def unusable(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what cannot be used of what the functions' environment holds, by the variables' names."""
    for row in SETTINGS:
        try:
            row.read(environment.get(row.name, ""))
        except ValueError as error:
            yield str(error)
