"""Settings from the environment; the only reader of it.

Each trigger needs only some of the settings, so they come in groups: `GET /join` works in a
function that knows no AMI. A group names everything that is missing or unusable in it at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.errors import ConfigError
from chalicelib.guest import Guest
from chalicelib.model import Policy
from chalicelib.rows import LONGEST_MINUTES

NO_STREAM = "arn:aws:dynamodb:us-west-2:000000000000:table/elephant-meetings/stream/none"
"""Stands in for the table's stream where the app is only imported, as tests and `chalice local` do."""


@dataclass(frozen=True, slots=True)
class DesktopSettings:
    """What a desktop is launched with."""

    ami_id: str
    instance_type: str
    key_name: str | None
    iam_profile: str
    security_group_ids: tuple[str, ...]
    supported_azs: tuple[str, ...]
    volume_gib: int
    guest: Guest


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """The Cloudflare zone, and where its token is kept."""

    zone_id: str
    secret_id: str
    api_url: str


@dataclass(frozen=True, slots=True)
class TimerSettings:
    """How EventBridge Scheduler reaches the functions. ARNs are None where they are to be derived."""

    role_arn: str
    group: str
    launcher_arn: str | None
    safety_net_arn: str | None
    dead_letters_arn: str | None = None


class _Environment:
    """Reads variables and remembers what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        value = self.environ.get(name, "").strip() or default
        if value is None:
            self.problems.append(f"{name} is not set")
        return value or ""

    def optional(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def several(self, name: str, default: str | None = None) -> tuple[str, ...]:
        parts = tuple(part.strip() for part in self.text(name, default).split(",") if part.strip())
        if not parts and default is None and self.optional(name):
            self.problems.append(f"{name} names nothing between its commas")
        return parts

    def number(self, name: str, default: int, at_most: int) -> int:
        text = self.text(name, str(default))
        if re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= at_most:
            return int(text)
        self.problems.append(f"{name} is {text!r:.40}, which is not a whole number from 1 to {at_most}")
        return default

    def one_of(self, name: str, choices: tuple[str, ...], default: str) -> str:
        text = self.text(name, default).lower()
        if text in choices:
            return text
        self.problems.append(f"{name} is {text!r}, which is none of {', '.join(choices)}")
        return default

    def check(self) -> None:
        if self.problems:
            raise ConfigError(
                f"The environment is not complete or not right: {'; '.join(self.problems)}. "
                "Set it in stages/<stage>.toml and deploy again; for a local run, in the shell (README, Configuration)."
            )


class Settings:
    """The app's settings, a group at a time.

    Every method raises ConfigError where a variable of its group is missing or unusable.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    @property
    def table_name(self) -> str:
        """The name of the table of meetings."""
        return _Environment(self._environ).text("TABLE_NAME", "elephant-meetings")

    @property
    def stream_arn(self) -> str:
        """The ARN of the table's stream; needed when the app is deployed, harmless before."""
        return _Environment(self._environ).text("STREAM_ARN", NO_STREAM)

    @property
    def jitsi_domain(self) -> str:
        """The host of the meetings' video rooms."""
        return _Environment(self._environ).text("JITSI_DOMAIN", "meet.jit.si")

    @property
    def schedule_key(self) -> str | None:
        """The key that locks POST /schedule, None where anybody may schedule."""
        return _Environment(self._environ).optional("SCHEDULE_KEY")

    @property
    def link_signing_key(self) -> str | None:
        """The key that signs links, None where links are not signed."""
        return _Environment(self._environ).optional("LINK_SIGNING_KEY")

    def policy(self) -> Policy:
        """Return the numbers in the rules."""
        env = _Environment(self._environ)
        policy = Policy(
            stage=env.text("STAGE", "dev"),
            domain=env.text("DOMAIN_ROOT", "").lower().strip("."),
            max_duration=timedelta(minutes=env.number("MAX_MEETING_MINUTES", 240, LONGEST_MINUTES)),
            upload_grace=timedelta(minutes=env.number("UPLOAD_GRACE_MINUTES", 30, LONGEST_MINUTES)),
            boot_limit=timedelta(minutes=env.number("BOOT_LIMIT_MINUTES", 15, LONGEST_MINUTES)),
            max_attempts=env.number("MAX_LAUNCH_ATTEMPTS", 10, 1000),
        )
        env.check()
        return policy

    def desktops(self) -> DesktopSettings:
        """Return what is needed to launch desktops."""
        env = _Environment(self._environ)
        settings = DesktopSettings(
            ami_id=env.text("AMI_ID"),
            instance_type=env.text("INSTANCE_TYPE", "t3.large"),
            key_name=env.optional("KEY_NAME"),
            iam_profile=env.text("IAM_PROFILE"),
            security_group_ids=env.several("SECURITY_GROUP_IDS"),
            supported_azs=env.several("SUPPORTED_AZS", ""),
            volume_gib=env.number("VOLUME_GIB", 60, 16_384),
            guest=Guest(env.one_of("IN_GUEST_DEADLINE", tuple(Guest), Guest.WINDOWS)),
        )
        env.check()
        return settings

    def dns(self) -> DnsSettings:
        """Return what is needed to change the zone."""
        env = _Environment(self._environ)
        env.text("DOMAIN_ROOT")
        settings = DnsSettings(
            zone_id=env.text("ZONE_ID"),
            secret_id=env.text("SECRET_ARN"),
            api_url=env.text("CLOUDFLARE_API_URL", "https://api.cloudflare.com/client/v4").rstrip("/"),
        )
        env.check()
        return settings

    def timers(self) -> TimerSettings:
        """Return what is needed to arm timers."""
        env = _Environment(self._environ)
        settings = TimerSettings(
            role_arn=env.text("SCHEDULER_ROLE_ARN"),
            group=env.text("SCHEDULE_GROUP", "default"),
            launcher_arn=env.optional("LAUNCHER_ARN"),
            safety_net_arn=env.optional("SAFETY_NET_ARN"),
            dead_letters_arn=env.optional("TIMER_DEAD_LETTERS_ARN"),
        )
        env.check()
        return settings
