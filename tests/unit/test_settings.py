"""Settings come in groups; a group names everything that is missing or unusable in it at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import ConfigError
from chalicelib.domain.policy import Policy
from chalicelib.environment import DnsSettings, Settings, TimerSettings
from chalicelib.settings import NO_STREAM, Scheduling

FULL = {
    "AMI_ID": "ami-1",
    "IAM_PROFILE": "desktop",
    "SECURITY_GROUP_IDS": "sg-1, sg-2",
    "DOMAIN_ROOT": "desktops.example.com",
    "ZONE_ID": "zone",
    "SECRET_ARN": "cloudflare",
    "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/timers",
}


def test_an_empty_environment_has_the_defaults_that_the_readme_tells() -> None:
    settings = Settings({})
    assert settings.table_name == "elephant-meetings"
    assert settings.jitsi_domain is None
    assert settings.schedule_key is None
    assert settings.link_signing_key is None
    assert settings.stream_arn.startswith("arn:aws:dynamodb:")
    assert settings.policy() == Policy()


@pytest.mark.parametrize(
    ("environ", "who"),
    [
        ({}, Scheduling.OPEN),
        ({"SCHEDULE_KEY": "k"}, Scheduling.LOCKED),
        ({"STATE_TABLE": "elephant-state-dev"}, Scheduling.LOCKED),
        ({"STATE_TABLE": "elephant-state-dev", "SCHEDULING": "open"}, Scheduling.OPEN),
        ({"SCHEDULE_KEY": "k", "SCHEDULING": "Open"}, Scheduling.OPEN),
        ({"SCHEDULING": "locked"}, Scheduling.LOCKED),
    ],
)
def test_who_may_schedule_is_what_the_operator_says_and_a_deployed_stage_is_locked(
    environ: dict[str, str], who: Scheduling
) -> None:
    assert Settings(environ).scheduling is who


def test_the_numbers_in_the_rules_can_be_changed() -> None:
    changed = Settings(
        {
            "STAGE": "prod",
            "DOMAIN_ROOT": "Desktops.Example.com.",
            "MAX_MEETING_MINUTES": "90",
            "UPLOAD_GRACE_MINUTES": "5",
            "BOOT_LIMIT_MINUTES": "7",
            "MAX_LAUNCH_ATTEMPTS": "3",
        }
    ).policy()
    assert changed == Policy(
        stage="prod",
        domain="desktops.example.com",
        max_duration=timedelta(minutes=90),
        upload_grace=timedelta(minutes=5),
        boot_limit=timedelta(minutes=7),
        max_attempts=3,
    )


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        pytest.param({}, 0, id="nothing said"),
        pytest.param({"RECORD": "true"}, 0, id="scripts, which nobody tells when to upload"),
        pytest.param({"DESKTOP_CLIENT": "kit"}, 0, id="the kit, and nothing recorded"),
        pytest.param({"DESKTOP_CLIENT": "kit", "RECORD": "false"}, 0, id="the kit, and nothing recorded, as it says"),
        pytest.param({"DESKTOP_CLIENT": "kit", "RECORD": "true"}, 10, id="the kit, which records"),
        pytest.param({"DESKTOP_CLIENT": "kit", "RECORD": "true", "UPLOAD_MINUTES": "25"}, 25, id="as long as is said"),
        pytest.param({"DESKTOP_CLIENT": "kit", "RECORD": "true", "UPLOAD_MINUTES": "0"}, 0, id="or not at all"),
        pytest.param(
            {"DESKTOP_CLIENT": "kit", "RECORD": "true", "MAX_MEETING_MINUTES": "15"}, 7, id="half of the limit at most"
        ),
        pytest.param({"DESKTOP_CLIENT": "kit", "RECORD": "true", "MAX_MEETING_MINUTES": "1"}, 0, id="in whole minutes"),
    ],
)
def test_desktops_have_time_to_upload_where_they_record(said: dict[str, str], minutes: int) -> None:
    policy = Settings(said).policy()
    assert policy.upload_time == timedelta(minutes=minutes)
    assert policy.longest_meeting + policy.upload_time == policy.max_duration
    assert policy.longest_meeting >= policy.upload_time


@pytest.mark.parametrize("minutes", ["61", "-1", "ten", "1.5"])
def test_a_time_to_upload_that_cannot_be_meant_is_refused_by_name(minutes: str) -> None:
    with pytest.raises(ConfigError, match=r"UPLOAD_MINUTES .*from 0 to 60"):
        Settings({"UPLOAD_MINUTES": minutes}).policy()


def test_desktops_are_launched_with_what_is_set_and_defaults_for_the_rest() -> None:
    usual = Settings(FULL).desktops()
    assert (usual.ami_id, usual.iam_profile, usual.security_group_ids) == ("ami-1", "desktop", ("sg-1", "sg-2"))
    assert (usual.instance_type, usual.key_name, usual.volume_gib) == ("t3.large", None, 60)
    assert usual.supported_azs == ()
    more = FULL | {"INSTANCE_TYPE": "g4dn.xlarge", "KEY_NAME": "k", "SUPPORTED_AZS": "b,a,", "VOLUME_GIB": "100"}
    changed = Settings(more).desktops()
    assert (changed.instance_type, changed.key_name, changed.volume_gib) == ("g4dn.xlarge", "k", 100)
    assert changed.supported_azs == ("b", "a")


def test_the_zone_and_the_timers_are_read() -> None:
    assert Settings(FULL).dns() == DnsSettings("zone", "cloudflare", "https://api.cloudflare.com/client/v4")
    assert Settings(FULL | {"CLOUDFLARE_API_URL": "http://localhost:1/"}).dns().api_url == "http://localhost:1"
    role = FULL["SCHEDULER_ROLE_ARN"]
    assert Settings(FULL).timers() == TimerSettings(role, "default", None, None)
    derived = Settings(FULL | {"SCHEDULE_GROUP": "g", "LAUNCHER_ARN": "l", "SAFETY_NET_ARN": "s"}).timers()
    assert derived == TimerSettings(role, "g", "l", "s")


@pytest.mark.parametrize(
    ("group", "needed"),
    [
        ("desktops", {"AMI_ID", "IAM_PROFILE", "SECURITY_GROUP_IDS"}),
        ("dns", {"DOMAIN_ROOT", "ZONE_ID", "SECRET_ARN"}),
        ("timers", {"SCHEDULER_ROLE_ARN"}),
    ],
)
@pytest.mark.parametrize("unset", [None, "", "  "], ids=repr)
def test_a_group_names_everything_that_is_not_set_at_once(group: str, needed: set[str], unset: str | None) -> None:
    environ = {} if unset is None else dict.fromkeys(FULL, unset)
    with pytest.raises(ConfigError) as error:
        getattr(Settings(environ), group)()
    assert {name for name in FULL if name in str(error.value)} == needed


@pytest.mark.parametrize(
    ("group", "name"), [("dns", "AMI_ID"), ("timers", "ZONE_ID"), ("policy", "SECRET_ARN"), ("desktops", "ZONE_ID")]
)
def test_a_group_does_not_ask_for_what_only_another_needs(group: str, name: str) -> None:
    getattr(Settings({key: value for key, value in FULL.items() if key != name}), group)()


def test_a_list_of_nothing_is_not_set() -> None:
    with pytest.raises(ConfigError, match="SECURITY_GROUP_IDS"):
        Settings(FULL | {"SECURITY_GROUP_IDS": " , "}).desktops()


NUMBERS = [
    ("policy", "MAX_MEETING_MINUTES"),
    ("policy", "UPLOAD_GRACE_MINUTES"),
    ("policy", "BOOT_LIMIT_MINUTES"),
    ("policy", "MAX_LAUNCH_ATTEMPTS"),
    ("desktops", "VOLUME_GIB"),
]


@pytest.mark.parametrize(("group", "name"), NUMBERS)
@pytest.mark.parametrize("value", ["many", "0", "-5", "1.5", "1e3", "²", "10 minutes", "99999", "9999999999999"])
def test_what_is_not_a_number_that_can_be_meant_is_named_with_its_value(group: str, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name) as error:
        getattr(Settings(FULL | {name: value}), group)()
    assert repr(value) in str(error.value)


def test_all_numbers_that_are_wrong_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        Settings(dict.fromkeys((name for _, name in NUMBERS), "many")).policy()
    assert all(name in str(error.value) for group, name in NUMBERS if group == "policy")


def test_without_a_mapping_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "from-the-process")
    assert Settings().table_name == "from-the-process"


def test_a_setting_is_read_when_it_is_asked_for() -> None:
    environ: dict[str, str] = {}
    settings = Settings(environ)
    environ["SCHEDULE_KEY"] = " opensesame "
    assert settings.schedule_key == "opensesame"


@pytest.mark.parametrize("text", ["table/elephant-meetings", "arn:aws:dynamodb:us-west-2:1:table/m/stream/", "what?"])
def test_a_stream_that_is_no_arn_keeps_no_function_from_being_imported(text: str) -> None:
    assert Settings({"STREAM_ARN": f" {text} "}).stream_arn == text


@pytest.mark.parametrize("environ", [{}, {"STREAM_ARN": " "}], ids=repr)
def test_where_no_stream_is_set_one_stands_in_for_it(environ: dict[str, str]) -> None:
    assert Settings(environ).stream_arn == NO_STREAM
