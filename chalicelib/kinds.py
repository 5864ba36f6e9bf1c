"""The kinds of values that a setting can have: how each is written, and what is wrong with what is written otherwise.

`Setting` is a row of the table in `settings`: one setting, of one kind.

The environment holds text. A stage's file holds TOML, which is first spelled as that text, so that both are read by
the same reader and refused with the same words.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from chalicelib.names import is_look_alike, one_form


class Kind(ABC):
    """What a setting can be. `wanted` completes the sentence "it must be …"."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted

    @abstractmethod
    def read(self, text: str) -> Any:
        """Return the value that a text stands for.

        Raises:
            ValueError: it stands for none; the message says what it must be.
        """

    def spell(self, value: object) -> str:
        """Return a value of a stage's file as text, yet to be read.

        Raises:
            ValueError: the file has another type for this kind; the message says which.
        """
        if not isinstance(value, str):
            raise ValueError("must be text in quotes")
        return value

    def refusal(self) -> ValueError:
        """Return what `read` raises."""
        return ValueError(f"must be {self.wanted}")


class Text(Kind):
    """ASCII text of one shape. `clean` brings what people write in several ways into one form first."""

    def __init__(self, shape: str, wanted: str, clean: Callable[[str], str] = str) -> None:
        super().__init__(wanted)
        self._shape = shape
        self._clean = clean

    def read(self, text: str) -> str:
        """Return the text in its one form."""
        cleaned = self._clean(text)
        if not text.isascii() or not re.fullmatch(self._shape, cleaned):
            raise self.refusal()
        return cleaned


class Name(Text):
    """A host's or a domain's name, in the letters of any language; its shape is that of its one form.

    Letters that only look like others are no other way to write a name: they are a slip, or worse.
    """

    def read(self, text: str) -> str:
        """Return the name as DNS has it, with its port if it has one."""
        name, colon, port = text.partition(":")
        if is_look_alike(name):
            raise self.refusal()
        return super().read(f"{one_form(name)}{colon}{port}")


class Line(Kind):
    """A line for people to read, in any language, of up to `longest` characters."""

    def __init__(self, longest: int) -> None:
        super().__init__(f"a line of up to {longest} printable characters, without spaces around it")
        self._longest = longest

    def read(self, text: str) -> str:
        """Return the line itself."""
        if not text or text != text.strip() or len(text) > self._longest or not text.isprintable():
            raise self.refusal()
        return text


class Secret(Kind):
    """Text that no message repeats: anything printable that is neither in quotes nor between spaces."""

    def __init__(self) -> None:
        super().__init__("printable text without quotes or spaces around it")

    def read(self, text: str) -> str:
        """Return the text itself."""
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
        if not text or quoted or text != text.strip() or not text.isprintable():
            raise self.refusal()
        return text


class Choice(Kind):
    """One of a few words, in any case of letters."""

    def __init__(self, among: type[StrEnum]) -> None:
        super().__init__(f"one of {', '.join(among)}")
        self._among = among

    def read(self, text: str) -> StrEnum:
        """Return the word's member."""
        if text.lower() not in tuple(self._among):
            raise self.refusal()
        return self._among(text.lower())


class Number(Kind):
    """A whole number in a range, without a limit above where `high` is None, or one of a few."""

    def __init__(self, low: int = 1, high: int | None = None, among: tuple[int, ...] = ()) -> None:
        ranged = f"{low} or more" if high is None else f"a whole number from {low} to {high}"
        super().__init__(f"one of {', '.join(map(str, among))}" if among else ranged)
        self._low, self._high, self._among = low, high, among

    def read(self, text: str) -> Any:
        """Return the number."""
        if not re.fullmatch("[0-9]{1,18}", text) or not self._holds(int(text)):
            raise self.refusal()
        return int(text)

    def _holds(self, number: int) -> bool:
        if self._among:
            return number in self._among
        return self._low <= number and (self._high is None or number <= self._high)

    def spell(self, value: object) -> str:
        """Return the number's digits."""
        if not isinstance(value, int):
            raise ValueError("must be a whole number without quotes")
        return str(value)


class Most(Number):
    """A whole number that something may be at the most, or nothing for no limit."""

    def spell(self, value: object) -> str:
        """Return the number's digits; empty quotes are none."""
        return "" if value == "" else super().spell(value)


class Minutes(Number):
    """A whole number of minutes, read as a duration."""

    def read(self, text: str) -> timedelta:
        """Return the duration."""
        return timedelta(minutes=super().read(text))


class Days(Number):
    """A whole number of days, read as a duration."""

    def read(self, text: str) -> timedelta:
        """Return the duration."""
        return timedelta(days=super().read(text))


class Amount(Kind):
    """An amount of US dollars, 0 too, as exact as it is written."""

    def __init__(self) -> None:
        super().__init__("an amount of US dollars like 0.1108, of at most 999999 and 9 digits behind the point")

    def read(self, text: str) -> Decimal:
        """Return the amount."""
        if not re.fullmatch(r"[0-9]{1,6}([.][0-9]{1,9})?", text):
            raise self.refusal()
        return Decimal(text)

    def spell(self, value: object) -> str:
        """Return the amount's digits, never with an exponent; empty quotes are none."""
        if value == "":
            return ""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("must be a number without quotes")
        return f"{Decimal(repr(value)):f}"


class Day(Kind):
    """A day of the calendar."""

    def __init__(self) -> None:
        super().__init__("a day like 2026-11-21")

    def read(self, text: str) -> date:
        """Return the day."""
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise self.refusal() from None

    def spell(self, value: object) -> str:
        """Return the day as text, be it in quotes or TOML's own date."""
        return value.isoformat() if type(value) is date else super().spell(value)


class Flag(Kind):
    """Yes or no."""

    def __init__(self) -> None:
        super().__init__("true or false")

    def read(self, text: str) -> bool:
        """Return whether it is true."""
        if text not in {"true", "false"}:
            raise self.refusal()
        return text == "true"

    def spell(self, value: object) -> str:
        """Return TOML's own word for it."""
        if not isinstance(value, bool):
            raise ValueError("must be true or false, without quotes")
        return str(value).lower()


class Several(Kind):
    """Texts of one kind: by commas in the environment, a list in a stage's file."""

    def __init__(self, item: Text) -> None:
        super().__init__(f"a list, each of it {item.wanted}")
        self._item = item

    def read(self, text: str) -> tuple[str, ...]:
        """Return what stands between the commas."""
        parts = tuple(self._item.read(part.strip()) for part in text.split(",") if part.strip())
        if not parts:
            raise ValueError("must be a list with something between its commas")
        return parts

    def spell(self, value: object) -> str:
        """Return the list's items by commas."""
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise ValueError('must be a list of texts, like ["a", "b"]')
        return ",".join(self._item.read(item) for item in value)


class Setting(NamedTuple):
    """One setting: a variable of the functions, a key of the stage's file, or both.

    `target` is where the app finds it: a group and its attribute, or an attribute of `Settings`. `default` is text, as
    the environment would hold it; where there is none, `when_empty` says what happens then. `needed_by` is what cannot
    work without it: a group, or `deploy`. `stack_output` is the output of the stage's stack that a deploy takes it from
    where the file says nothing; a key that has one may be left empty, and `when_empty` says what the stack makes then.
    `default_in_stage` is the default of a stage's file where that of the environment is another.
    `in_file` is a narrower kind for what people type: the environment may hold ids that an emulator made up. `sample`
    is what stages/dev.toml shows in place of an example that would be somebody else's. What a deploy looks up where the
    file says nothing `is_found`; `when_empty` says where. A row that no function needs has
    no `name`; such rows are the deploy's own (tools/stage.py).
    """

    name: str
    kind: Kind
    meaning: str
    example: str
    target: str = ""
    default: str = ""
    when_empty: str = "none"
    needed_by: str = ""
    key: str = ""
    default_in_stage: str = ""
    in_file: Kind | None = None
    stack_output: str = ""
    sample: str = ""
    is_found: bool = False

    @property
    def group(self) -> str:
        """The group that it belongs to, empty for one that stands by itself."""
        return self.target.partition(".")[0] if "." in self.target else ""

    @property
    def attribute(self) -> str:
        """The attribute that holds it."""
        return self.target.rpartition(".")[2]

    @property
    def default_in_file(self) -> str:
        """What a stage's file that leaves it out stands for, empty where the stack says it then."""
        return self.default_in_stage or ("" if self.stack_output else self.default)

    @property
    def needed_in_file(self) -> bool:
        """Whether a stage's file must say it: something needs it, and no stack and no deploy has it otherwise."""
        return bool(self.needed_by) and not (self.key and (self.stack_output or self.is_found))

    def read(self, text: str) -> Any:
        """Return the value that a text stands for: the default where it is empty, None where there is none.

        Raises:
            ValueError: the text cannot be meant; the message says so of the variable.
        """
        text = text.strip() or self.default
        try:
            return self.kind.read(text) if text else None
        except ValueError as error:
            held = "" if isinstance(self.kind, Secret) else f"is {text!r:.80}, and "
            raise ValueError(f"{self.name} {held}{error}") from None


# --- the texts that settings hold

_ARN = "[A-Za-z0-9:/_+=,.@-]*[A-Za-z0-9_+=,.@-]"

REGION = Text("[a-z]{2}(-[a-z]+)+-[0-9]", "a Region like us-west-2")
BUCKET = Text(
    "[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]", "a bucket's name, without s3:// before it or a slash behind"
)
WORD = Text("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", "one word of letters, digits, dots, hyphens and underscores")
STAGE_NAME = Text("[a-z][a-z0-9]{0,11}", "up to 12 lower-case letters and digits, the first a letter")
TABLE = Text("[A-Za-z0-9_.-]{3,255}", "a table's name: 3 to 255 letters, digits, dots, hyphens and underscores")
_PARAMETER = "resolve:ssm:[A-Za-z0-9_./-]{1,1011}(:[A-Za-z0-9_.-]{1,100})?"
_IMAGE = "an image's id like ami-0e7fd79d17e852d18, or resolve:ssm: and the name of a parameter that holds one"
IMAGE = Text(f"ami-([0-9a-f]{{8}}|[0-9a-f]{{17}})|{_PARAMETER}", _IMAGE)
ANY_IMAGE = Text(f"ami-[0-9a-f]{{1,17}}|{_PARAMETER}", _IMAGE)
INSTANCE_TYPE = Text(r"[a-z0-9-]+\.[a-z0-9-]+", "an instance type like t3.large")
_PROFILE = "[A-Za-z0-9_+=,.@-]{1,128}"
PROFILE_NAME = Text(_PROFILE, "an instance profile's name")
PROFILE = Text(rf"{_PROFILE}|arn:{_ARN}:instance-profile/{_ARN}", "an instance profile's name or ARN")
SECURITY_GROUP = Text("sg-[0-9a-f]{1,17}", "a security group's id like sg-0ca7703192305868d")
VPC = Text("vpc-[0-9a-f]{1,17}", "a VPC's id like vpc-0a1b2c3d4e5f60718")
SUBNET = Text("subnet-[0-9a-f]{1,17}", "a subnet's id like subnet-0a1b2c3d4e5f60718")
KEY_PAIR = Text("(?!['\"])[!-~]([ -~]{0,253}[!-~])?(?<!['\"])", "a key pair's name, without quotes or spaces around it")
ZONE = Text("[a-z0-9]+(-[a-z0-9]+)*", "a zone's name like us-west-2a")
BUS = Text(
    "[A-Za-z0-9_.-]{1,256}|arn:[a-z-]+:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9_.-]{1,256}",
    "a bus's name, or its ARN like arn:aws:events:us-west-2:123456789012:event-bus/school",
)
KMS_KEY = Text(
    "arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}",
    "a key's own ARN like arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
)
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = Name(
    rf"({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])",
    "a domain like example.com, without https:// before it or a slash behind it",
    lambda text: text.strip("."),
)
ZONE_ID = Text("[0-9a-f]{32}", "the zone's 32 hex digits, from its overview page at Cloudflare")
INSTALLATION = Text("[a-z0-9]{4,16}", "4 to 16 lower-case letters and digits")
HOST = Name(
    "[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(:[0-9]{1,5})?",
    "a host like meet.jit.si, without https:// before it or a slash behind it",
)
LINK_HOST = Name(
    rf"({_LABEL}\.)*[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?",
    "a host like school.example.com, without https:// before it or a port behind it",
)
URL = Text(
    r"https?://[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9_~.-]+)*",
    "an address like https://api.cloudflare.com/client/v4",
    lambda text: text.rstrip("/"),
)
SECRET_ID = Text(
    rf"[A-Za-z0-9/_+=.@-]*[A-Za-z0-9_+=.@-]|arn:[a-z-]+:secretsmanager:{_ARN}", "the name or ARN of a secret"
)
FUNCTION = Text("[A-Za-z0-9_:-]+", "the name or ARN of a function")
FILE = Text("[A-Za-z0-9][A-Za-z0-9._-]{0,99}", "the name of a file beside this one, without a folder before it")


def arn(service: str, example: str) -> Text:
    """Return the kind of the ARNs of one service."""
    return Text(f"arn:[a-z-]+:{service}:{_ARN}", f"an ARN like {example}")
