"""The commands around the local cloud: their ports, what another shell sources, and Ctrl-C at any moment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from localcloud.run import as_shell, main


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
