"""The only reader of the environment: the settings, a group at a time.

Each trigger needs only some of the settings: `GET /join` works in a function that knows no AMI. A group names
everything that is missing or unusable in it at once. What a setting is, its row in the table says (settings.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.domain.errors import ConfigError
from chalicelib.domain.policy import Policy
from chalicelib.kinds import Setting
from chalicelib.settings import NO_STREAM, SETTINGS, Client, Guest, Scheduling

if TYPE_CHECKING:
    from decimal import Decimal

    from chalicelib.domain.prices import Prices


PRICED_BY = ("prices.desktop_hour", "prices.volume_gib_month", "prices.address_hour")
"""What every desktop is paid by: where one of these is not set, no cost is told."""

_PRICED = ("desktops.instance_type", "desktops.volume_gib")


class DesktopSettings(NamedTuple):
    """What a desktop is launched with."""

    ami_id: str
    instance_type: str
    iam_profile: str
    security_group_ids: tuple[str, ...]
    volume_gib: int
    guest: Guest
    client: Client = Client.SCRIPTS
    key_name: str | None = None
    supported_azs: tuple[str, ...] = ()
    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    kms_key: str | None = None
    api_url: str | None = None


class DnsSettings(NamedTuple):
    """The Cloudflare zone, where its token is kept, and whose its records are; None where only the stage says so."""

    zone_id: str
    secret_id: str
    api_url: str
    installation: str | None = None


class TimerSettings(NamedTuple):
    """How EventBridge Scheduler reaches the functions. ARNs are None where they are to be derived."""

    role_arn: str
    group: str
    launcher_arn: str | None = None
    safety_net_arn: str | None = None
    dead_letters_arn: str | None = None


class RecordingSettings(NamedTuple):
    """Whether meetings are recorded, where recordings are kept and for how long.

    `bucket` is None where there is none; `region` is None where the bucket is in the functions' own.
    """

    record: bool = False
    keep_days: int = 30
    bucket: str | None = None
    region: str | None = None


class OperatorSettings(NamedTuple):
    """Who runs the stage and answers for its recordings, and whom people may ask; None where that is not said.

    `logo` is the name of a file in `stages/`.
    """

    name: str | None = None
    contact: str | None = None
    logo: str | None = None


class Settings:
    """The app's settings, a group at a time; read anew whenever they are asked for.

    Every method and property raises ConfigError where a variable of it is missing or unusable.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    @property
    def table_name(self) -> str:
        """The name of the table of meetings."""
        return str(self._one("table_name"))

    @property
    def state_table(self) -> str | None:
        """The name of the table of what the app keeps for itself, None where there is none, as in a local run."""
        return self._one("state_table")

    @property
    def sweep_lease(self) -> bool:
        """Whether sweeps keep apart by an item of the state table."""
        return bool(self._one("sweep_lease"))

    @property
    def stream_arn(self) -> str:
        """The table's stream, whatever text the variable holds.

        app.py needs it when it is imported, which must not fail for a function that the stream has nothing to do with:
        only a deploy and the doctor refuse what is no ARN.
        """
        return self._environ.get("STREAM_ARN", "").strip() or NO_STREAM

    @property
    def client(self) -> Client:
        """What runs on the desktops."""
        return Client(self._read([row for row in SETTINGS if row.target == "desktops.client"], "desktops")["client"])

    @property
    def desktop_role(self) -> str | None:
        """The ARN of the role of the desktops' profile, None where none is set: then nobody speaks as a desktop."""
        return self._one("desktop_role")

    @property
    def event_bus(self) -> str | None:
        """The name or ARN of the bus on which others are told what happens to meetings, None where nobody is."""
        return self._one("event_bus")

    @property
    def jitsi_domain(self) -> str | None:
        """The host of the meetings' video rooms, None where meetings have none."""
        return self._one("jitsi_domain")

    @property
    def link_hosts(self) -> tuple[str, ...]:
        """The hosts that links may lead to, none where any will do."""
        return tuple(self._one("link_hosts") or ())

    @property
    def scheduling(self) -> Scheduling:
        """Who may schedule, as the operator says; in a run at home, anybody unless there is a key."""
        if said := self._one("scheduling"):
            return Scheduling(said)
        at_home_without_a_key = self.state_table is None and self.schedule_key is None
        return Scheduling.OPEN if at_home_without_a_key else Scheduling.LOCKED

    @property
    def schedule_key(self) -> str | None:
        """The key that locks POST /schedule, None where anybody may schedule."""
        return self._one("schedule_key")

    @property
    def link_signing_key(self) -> str | None:
        """The key that signs links, None where links are not signed."""
        return self._one("link_signing_key")

    @property
    def vouching_key(self) -> str | None:
        """The key that vouches for desktops in a run that is not deployed, None where nothing does."""
        return self._one("vouching_key")

    def policy(self) -> Policy:
        """Return the numbers in the rules."""
        told = self.client is Client.KIT
        return Policy(**self._group("policy"), records=self._desktops_record, presence_told=told)

    @property
    def _desktops_record(self) -> bool:
        """Whether desktops record: those of the kit do where meetings are recorded, and no others heed the setting."""
        said = self._read([row for row in SETTINGS if row.target == "recordings.record"], "recordings")
        return bool(said.get("record")) and self.client is Client.KIT

    def desktops(self) -> DesktopSettings:
        """Return what is needed to launch desktops."""
        return DesktopSettings(**self._group("desktops"))

    def dns(self) -> DnsSettings:
        """Return what is needed to change the zone."""
        return DnsSettings(**self._group("dns"))

    def timers(self) -> TimerSettings:
        """Return what is needed to arm timers."""
        return TimerSettings(**self._group("timers"))

    def recordings(self) -> RecordingSettings:
        """Return what is said of recordings."""
        return RecordingSettings(**self._group("recordings"))

    def operator(self) -> OperatorSettings:
        """Return what people are told of who runs the stage."""
        return OperatorSettings(**self._group("operator"))

    @property
    def monthly_limit(self) -> Decimal | None:
        """What the desktops of a month's meetings may cost in US dollars, None where there is no limit."""
        limit: Decimal | None = self._value("monthly_limit")
        return limit

    def prices(self) -> Prices | None:
        """Return what desktops cost, None where the operator has not set what every desktop is paid by."""
        from chalicelib.domain.prices import Prices  # nobody at the door asks what it costs

        desktop = self._read([row for row in SETTINGS if row.target in _PRICED], "desktops")
        said = self._group("prices")
        complete = {f"prices.{name}" for name in said}.issuperset(PRICED_BY)
        return Prices(**said, **desktop) if complete else None

    def _one(self, attribute: str) -> str | None:
        text: str | None = self._value(attribute)
        return text

    def _value(self, attribute: str) -> Any:
        return self._read([row for row in SETTINGS if row.target == attribute]).get(attribute)

    def _group(self, group: str) -> dict[str, Any]:
        return self._read([row for row in SETTINGS if group in {row.group, row.needed_by}], group)

    def _read(self, rows: Iterable[Setting], group: str = "") -> dict[str, Any]:
        """Return the values of a group by their attributes; what has none is left to the group's own default."""
        values: dict[str, Any] = {}
        problems = []
        for row in rows:
            try:
                value = row.read(self._environ.get(row.name, ""))
            except ValueError as error:
                problems.append(str(error))
                continue
            if value is None and group and row.needed_by == group:
                problems.append(f"{row.name} is not set")
            elif value is not None and row.group == group:
                values[row.attribute] = value
        if problems:
            raise ConfigError(
                f"The environment is not complete or not right: {'; '.join(problems)}. "
                "Set it in stages/<stage>.toml and deploy again; for a local run, in the shell (README, Configuration)."
            )
        return values
