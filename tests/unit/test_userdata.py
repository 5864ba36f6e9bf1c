"""The script with which a desktop ends itself: run for real where it can be (Linux), read word by word where it cannot.

Windows' guard is put into Python by a table that knows only the words that it is written in, so what is decided in
it is decided here as well, and a word that is new to it fails.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from configparser import ConfigParser
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.userdata import _FORM, EVERY_MIN, MARGIN_MIN, user_data
from chalicelib.domain.rows import timestamp
from chalicelib.settings import Guest

DEADLINE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FIRST, LAST = DEADLINE - timedelta(hours=4), DEADLINE + timedelta(hours=1)
TOKEN = "a-token"

_REQUEST = re.compile(
    r"""Invoke-RestMethod(?: -Method (?P<method>\w+))? -TimeoutSec \d+ -Uri "(?P<url>[^"]+)" """
    r"""-Headers @\{'(?P<header>[\w-]+)' = (?P<value>\$\w+|'\w+')\}"""
)
_IN_PYTHON = [
    (_REQUEST, r'ask("\g<method>", "\g<url>", "\g<header>", \g<value>)'),
    (re.compile(r"^try \{$", re.M), "try:"),
    (re.compile(r"^\} catch \{ \}$", re.M), "except Exception: pass"),
    (re.compile(r"^  if \(\[string\]\$tagged -cmatch '(.+)\\z'\) \{$", re.M), r"  if re.search(r'\1\\Z', tagged):"),
    (re.compile(r"^    if \((.+) -and (.+)\) \{ (.+) \}$", re.M), r"    if \1 and \2: \3"),
    (re.compile(r"^  \}\n", re.M), ""),
    (re.compile(r"\[Globalization\.CultureInfo\]::InvariantCulture"), "None"),
    (re.compile(r"^if \((.+)\) \{ shutdown\.exe /s /f /t 0 \}$", re.M), r"if \1: shut_down()"),
    (re.compile(r"\[DateTimeOffset\]::UtcNow"), "now"),
    (re.compile(r"\[DateTimeOffset\]::Parse\("), "parse("),
    (re.compile(r"\.AddMinutes\((\d+)\)"), r" + minutes(\1)"),
    (re.compile(r" -ge "), " >= "),
    (re.compile(r" -gt "), " > "),
    (re.compile(r" -le "), " <= "),
    (re.compile(r" -lt "), " < "),
    (re.compile(r'"\$(\w+)(/[^"]*)"'), r'\1 + "\2"'),
    (re.compile(r"\$(\w+)"), r"\1"),
]


def linux_files() -> dict[str, str]:
    """Return the files that the Linux user data installs, by their paths."""
    written = re.findall(
        r"^cat > (\S+) <<'(\w+)'\n(.*?\n)\2\n", user_data(Guest.LINUX, DEADLINE, (FIRST, LAST)), re.M | re.S
    )
    return {path: content for path, _, content in written}


def run_linux(now: datetime, tag: str | None, tmp_path: Path) -> bool:
    """Run the Linux guard at a time, with metadata that say `tag` (None: no answer); return whether it shut down."""
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    tools = {
        "curl": f"cat <<'TAG'\n{tag}\nTAG" if tag is not None else "exit 7",
        "date": f'case "$*" in +%s) echo {int(now.timestamp())} ;; *) exec /bin/date "$@" ;; esac',
        "shutdown": f"touch {tmp_path}/down",
    }
    for name, body in tools.items():
        (bin_dir / name).write_text(f"#!/bin/bash\n{body}\n")
        (bin_dir / name).chmod(0o755)
    guard = tmp_path / "guard"
    guard.write_text(linux_files()["/usr/local/sbin/elephant-deadline"])
    environ = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}"}
    subprocess.run(["bash", str(guard)], env=environ, check=True)
    return (tmp_path / "down").exists()


def read_windows(now: datetime, tag: str | None, tmp_path: Path) -> bool:
    """Read the Windows guard as `run_linux` runs the other; the metadata want a token first, as a desktop's do."""
    [guard] = re.findall(r"@'\n(.*)\n'@\n", user_data(Guest.WINDOWS, DEADLINE, (FIRST, LAST)), re.S)
    for words, python in _IN_PYTHON:
        guard = words.sub(python, guard)
    down: list[bool] = []

    def ask(method: str, url: str, header: str, value: str) -> str:
        match tag, method, url.removeprefix("http://169.254.169.254/latest"), header, value:
            case str(), "Put", "/api/token", "X-aws-ec2-metadata-token-ttl-seconds", seconds if int(seconds) > 0:
                return TOKEN
            case str(), "", "/meta-data/tags/instance/Deadline", "X-aws-ec2-metadata-token", "a-token":
                return tag or ""
        raise ConnectionError("The metadata do not answer.")

    words_known = {
        "now": now,
        "ask": ask,
        "parse": lambda text, _: datetime.fromisoformat(text),
        "re": re,
        "minutes": lambda count: timedelta(minutes=count),
        "shut_down": lambda: down.append(True),
    }
    program = compile(guard, "the Windows guard in Python", "exec")
    with suppress(ValueError):  # PowerShell tells nobody and leaves the statement out
        exec(program, words_known)
    return bool(down)


Guard = Callable[[datetime, str | None, Path], bool]


@pytest.fixture(params=[run_linux, read_windows], ids=["Linux", "Windows"])
def guard(request: pytest.FixtureRequest) -> Guard:
    run: Guard = request.param
    return run


@pytest.mark.parametrize(
    ("after_deadline", "tag", "down"),
    [
        (timedelta(minutes=MARGIN_MIN), None, True),
        (timedelta(minutes=MARGIN_MIN, seconds=-1), None, False),
        (timedelta(hours=-3), None, False),
        (timedelta(hours=3), None, True),
        (timedelta(minutes=MARGIN_MIN), "2026-03-01T13:00:00Z", False),
        (timedelta(minutes=60 + MARGIN_MIN), "2026-03-01T13:00:00Z", True),
        (timedelta(minutes=-30), "2026-03-01T11:00:00Z", True),
        (timedelta(minutes=-30), "2026-03-01T11:00:00.250000Z", True),
        (timedelta(minutes=MARGIN_MIN), "2026-03-01T12:30:00.000001Z", False),
    ],
    ids=[
        "its time is up",
        "not yet",
        "not for hours",
        "long since",
        "made longer",
        "longer, and up",
        "made shorter",
        "shorter, to the microsecond",
        "longer, to the microsecond",
    ],
)
def test_a_guard_shuts_down_at_the_deadline_that_its_desktop_bears(
    guard: Guard, after_deadline: timedelta, tag: str | None, down: bool, tmp_path: Path
) -> None:
    assert guard(DEADLINE + after_deadline, tag, tmp_path) is down


NOT_THE_APPS = [
    "",
    "<html>not a time</html>",
    "2199-01-01T00:00:00Z",
    "2026-03-01T13:00:01Z",  # a second beyond what the app moves it to
    "2026-03-01T13:00:00.000001Z"[:-1],
    "9999-12-31T23:59:59Z",
    "2026-13-45T99:00:00Z",
    "2026-03-01T12:30:00",  # no offset: the guest's own
    "2026-03-01T12:30:00+00:00",
    "2026-03-01 12:30:00Z",
    "2026-03-01T12:30Z",
    "2026-03-01T12:30:00z",
    "2026-03-01T12:30:00.5Z",
    "20260301T123000Z",
    "2026-03-01T12:30:00Z\n2199-01-01T00:00:00Z",
    "x2026-03-01T12:30:00Z",
    "2026-03-01T12:30:00Z or later",
    "tomorrow",
    "next year",
    "@4102444800",
    "now + 1 hour",
    "12:30",
    "٢٠٢٦-03-01T12:30:00Z",
    "$(touch /tmp/elephant)",
]
"""What a `Deadline` tag may hold that the app has not written; most of it some parser takes for a time to come."""


@pytest.mark.parametrize("tag", NOT_THE_APPS)
def test_a_tag_that_the_app_cannot_have_written_leaves_a_guard_with_the_deadline_at_launch(
    guard: Guard, tag: str, tmp_path: Path
) -> None:
    assert guard(DEADLINE + timedelta(minutes=MARGIN_MIN), tag, tmp_path)


@pytest.mark.parametrize(
    "tag", ["1970-01-01T00:00:00Z", "2026-03-01T07:59:59Z", "0001-01-01T00:00:00Z", "yesterday", "@0", "00:00"]
)
def test_a_tag_from_before_the_launch_does_not_end_a_desktop(guard: Guard, tag: str, tmp_path: Path) -> None:
    assert not guard(DEADLINE, tag, tmp_path)


@pytest.mark.parametrize("guest", [Guest.WINDOWS, Guest.LINUX])
def test_where_nothing_says_how_far_it_may_be_moved_a_guard_obeys_its_launch_alone(guest: Guest) -> None:
    assert user_data(guest, DEADLINE) == user_data(guest, DEADLINE, (DEADLINE, DEADLINE))


@pytest.mark.parametrize("moment", [DEADLINE, DEADLINE.replace(microsecond=1)])
def test_what_the_app_writes_is_of_the_form_that_guards_obey(moment: datetime) -> None:
    assert re.fullmatch(_FORM, timestamp(moment))


class TestLinux:
    def test_the_user_data_is_a_script_that_bash_can_read(self) -> None:
        subprocess.run(["bash", "-n"], input=user_data(Guest.LINUX, DEADLINE), text=True, check=True)

    def test_the_guard_runs_soon_after_a_boot_and_every_five_minutes_from_then_on(self) -> None:
        timer, service = self.unit("timer"), self.unit("service")
        assert dict(timer["Timer"]) == {"OnActiveSec": "1min", "OnUnitActiveSec": f"{EVERY_MIN}min"}
        assert timer["Install"]["WantedBy"] == "timers.target"
        assert dict(service["Service"]) == {"Type": "oneshot", "ExecStart": "/usr/local/sbin/elephant-deadline"}
        script = user_data(Guest.LINUX, DEADLINE)
        assert "\nchmod +x /usr/local/sbin/elephant-deadline\n" in script
        assert script.endswith("\nsystemctl daemon-reload\nsystemctl enable --now elephant-deadline.timer\n")

    def unit(self, kind: str) -> ConfigParser:
        """Return a systemd unit; a timer sets off the service of its name."""
        unit = ConfigParser()
        unit.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation does
        unit.read_string(linux_files()[f"/etc/systemd/system/elephant-deadline.{kind}"])
        return unit


class TestWindows:
    def test_the_user_data_is_one_script_with_one_file_and_leaves_no_placeholder(self) -> None:
        script = user_data(Guest.WINDOWS, DEADLINE)
        assert script.startswith("<powershell>\n")
        assert script.endswith("</powershell>\n")
        assert "$$" not in script
        assert script.count("@'") == script.count("'@") == 1

    def test_the_guard_runs_every_five_minutes_from_its_first_boot_on_without_end(self) -> None:
        action = self.parameters("$run = New-ScheduledTaskAction")
        trigger = self.parameters("$often = New-ScheduledTaskTrigger")
        task = self.parameters("Register-ScheduledTask")
        assert trigger == {"Once": "", "At": "(Get-Date)", "RepetitionInterval": f"(New-TimeSpan -Minutes {EVERY_MIN})"}
        assert (task["Action"], task["Trigger"], task["User"]) == ("$run", "$often", "'SYSTEM'")
        assert action["Execute"] == "'powershell.exe'"
        assert action["Argument"].endswith(' -File $guard"')
        assert self.parameters("Set-Content")["Path"] == "$guard"

    def parameters(self, command: str) -> dict[str, str]:
        """Return a command's parameters as they are written, a switch's as nothing."""
        script = user_data(Guest.WINDOWS, DEADLINE)
        [line] = [line for line in script.splitlines() if line.startswith(f"{command} ")]
        return dict(re.findall(r""" -(\w+)(?: (\([^)]*\)|"[^"]*"|'[^']*'|\$\w+))?""", line.removeprefix(command)))


def test_an_operator_can_switch_the_guard_off() -> None:
    assert user_data(Guest.OFF, DEADLINE) == ""
