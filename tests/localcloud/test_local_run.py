"""The commands around the local cloud: their ports, what another shell sources, and Ctrl-C at any moment."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import localcloud
from localcloud import run
from localcloud.run import as_shell, main
from localcloud.server import is_free

ROOT = Path(localcloud.__file__).parent.parent


def test_a_taken_port_is_named_and_how_to_choose_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        assert main(["--aws-port", "0", "--cloudflare-port", "0"]) == 1
    said = capsys.readouterr().err
    assert f"Port {port} on 127.0.0.1 cannot be used (Address already in use)." in said
    assert "make run PORT=" in said


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_what_is_no_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--aws-port={port}"])
    assert f"argument --aws-port: {port!r} is no port: write a number up to 65535" in capsys.readouterr().err


def test_the_environment_leads_to_the_local_cloud_whatever_the_shell_had_set() -> None:
    own = {"AWS_PROFILE": "nope", "AWS_ENDPOINT_URL_EC2": "https://x", "SCHEDULE_KEY": "k", "HOME": "/home/ada"}
    script = as_shell({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "SECURITY_GROUP_IDS": "sg-1,sg 2"})
    done = subprocess.run(
        ["bash", "-c", f"{script}env"],
        env={"PATH": os.environ["PATH"], **own},
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert {name for name in found if name.startswith("AWS_")} == {"AWS_ENDPOINT_URL"}
    assert (found["HOME"], found["SECURITY_GROUP_IDS"]) == ("/home/ada", "sg-1,sg 2")
    assert "SCHEDULE_KEY" not in found


@pytest.mark.parametrize("speed", ["0", "-1", "61", "nan", "inf", "fast", "20x"])
def test_what_is_no_speed_is_refused(
    speed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPEED", speed)
    with pytest.raises(SystemExit):
        main([])
    assert f"{speed!r} is no speed: write a number from 0.1 to 60" in " ".join(capsys.readouterr().err.split())


def test_where_no_port_is_free_a_sentence_says_which_were_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "is_free", lambda port: False)
    assert main([]) == 1
    assert "None of the ports 8000 to 8099 on 127.0.0.1 is free. Free it" in " ".join(capsys.readouterr().err.split())


def test_a_port_that_another_run_takes_meanwhile_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses: list[str] = []
    answers = iter([True])  # free when it was looked at, and taken when it was wanted
    monkeypatch.setattr(run, "is_free", lambda port: next(answers, None) or is_free(port))
    monkeypatch.setattr(run, "_serve", lambda cloud, clock, proxied: addresses.append(cloud.url))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(run, "_PORTS", {"port": (port, "x"), "aws-port": (0, "x"), "cloudflare-port": (0, "x")})
        assert main(["--aws-port=0", "--cloudflare-port=0", "--desktops=model"]) == 0
    assert addresses
    assert addresses != [f"http://127.0.0.1:{port}"]


def test_where_desktops_links_lead_must_be_free(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(run, "DESKTOPS_PORT", taken.getsockname()[1])
        assert main(["--port=0", "--aws-port=0", "--cloudflare-port=0"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "where desktops' links lead, is taken. Free it, or have desktops modelled: make run DESKTOPS=model." in said


@pytest.mark.parametrize(("variable", "value"), [("DESKTOPS", "real"), ("SPEED", "20")])
def test_the_agent_keeps_the_time_there_is(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit):
        main(["--desktops=agent"] if variable == "SPEED" else [])
    assert "model" in capsys.readouterr().err


@contextmanager
def up(folder: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Keep a `make run` up in a folder; yield it with what it says once it is up."""
    with subprocess.Popen(
        [sys.executable, "-m", "localcloud.run"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "", "DESKTOPS": "model", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout
            said = ""
            for line in process.stdout:
                said += line
                if line.startswith("come and who has"):
                    break
            yield process, said
        finally:
            process.terminate()
            process.communicate(timeout=60)


def told(pattern: str, said: str) -> str:
    found = re.search(pattern, said)
    assert found, said
    return found[1]


def test_two_in_one_folder_have_ports_and_files_of_their_own(tmp_path: Path) -> None:
    with up(tmp_path) as (one, one_said), up(tmp_path, SPEED="20", http_proxy="http://127.0.0.1:9") as (two, two_said):
        files = [tmp_path / told(r"source (\S+)", said) for said in (one_said, two_said)]
        addresses = [told(r"The app is at http://localhost(:\d+)", said) for said in (one_said, two_said)]
        clouds = [told(r"AWS is at (\S+),", said) for said in (one_said, two_said)]
        assert all(len(set(pair)) == 2 for pair in (files, addresses, clouds))
        assert [cloud in file.read_text() for cloud in clouds for file in files] == [True, False, False, True]
        assert max(len(line) for line in (one_said + two_said).splitlines()) <= 80
        assert re.search(r"Port \d+, which the app has usually, is taken; \d+ is free\.", two_said)
        assert "curl -s http" in one_said
        assert "curl --noproxy '*' -s http" in two_said
        one.send_signal(signal.SIGINT)
        one.communicate(timeout=60)
        assert [file.exists() for file in files] == [False, True]
        app = f"http://localhost{addresses[1]}"
        now = datetime.fromisoformat(urllib.request.urlopen(app).headers["Elephant-Time"])
        assert now > datetime.now(UTC) + timedelta(seconds=5), "its clock runs ahead, and its answers say so"
        form = {"teacher_name": "Ada", "student_name": "Boonki", "frontend_base_url": app}
        body = json.dumps(form | {"meet_time": now.isoformat()}).encode()
        assert urllib.request.urlopen(f"{app}/schedule", body).status == 200
        two.send_signal(signal.SIGINT)
        rest, _ = two.communicate(timeout=60)
        assert "app, schedule" in rest
    assert list((tmp_path / "build").iterdir()) == []


@pytest.mark.parametrize("command", ["demo", "run"])
def test_ctrl_c_ends_a_command_in_silence_even_while_it_is_being_imported(command: str) -> None:
    arguments = [sys.executable, "-X", "importtime", "-m", f"localcloud.{command}"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert any("rich" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in said
