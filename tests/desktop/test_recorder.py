"""The agent's own recorder: pieces that are finished one by one, whatever becomes of ffmpeg."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from desktop.config import Config, as_toml
from desktop.recorder import Recorder, command, find, find_sound, loopback, picture
from tests.desktop import shells
from tests.waiting import until

SECONDS = 1.5
ROOT = Path(__file__).resolve().parents[2]
PICTURE = ("-re", "-f", "lavfi", "-i", "testsrc=size=321x241:rate=10")  # odd, as a window of any size may be
SOUND = ("-re", "-f", "lavfi", "-i", "sine=frequency=440")
LISTED = """\
[dshow @ 000001] "Integrated Camera" (video)
[dshow @ 000001]   Alternative name "@device_pnp_1"
[dshow @ 000001] "Microphone (DCV)" (audio)
[dshow @ 000001] "Stereo Mix (Realtek Audio)" (audio)
[dshow @ 000001]   Alternative name "@device_cm_1"
"""

needs_ffmpeg = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("ffmpeg"),
    reason="ffmpeg is not installed: apt-get install ffmpeg (on Windows no screen is there to be recorded)",
)


def seconds(piece: Path) -> float:
    """Return how long a piece plays."""
    words = ["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"]
    said = subprocess.run([*words, "-select_streams", "v", str(piece)], capture_output=True, text=True, check=True)
    return int(said.stdout.strip().strip(",") or 0) / 10


def streams(piece: Path) -> list[str]:
    words = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", str(piece)]
    return sorted(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


class Recording:
    """The recorder as a process of its own, with a picture that ffmpeg makes up."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder / "recording"
        values = {"session": str(folder), "picture": PICTURE, "sound": SOUND, "piece_minutes": SECONDS / 60, **settings}
        (folder / "agent.toml").write_text(as_toml(values))
        self.log = folder / "record.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "desktop", "record", "--config", str(folder / "agent.toml")],
            env={**os.environ, "ELEPHANT_RECORDING": str(self.folder), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def finished(self) -> list[Path]:
        return sorted((self.folder / "finished").glob("*"))

    def running(self) -> list[Path]:
        return sorted((self.folder / "running").glob("*.mkv"))

    def ffmpeg(self) -> int | None:
        """Return the number of the ffmpeg that records."""
        said = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return int(said.stdout.split()[0]) if said.stdout.split() and self.running() else None

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait(30) == 0


@contextmanager
def recording(folder: Path, **settings: object) -> Iterator[Recording]:
    found = Recording(folder, **settings)
    try:
        yield found
    finally:
        with suppress(ProcessLookupError):
            os.killpg(found.process.pid, signal.SIGKILL)
        found.process.wait()


@needs_ffmpeg
def test_pieces_are_finished_one_by_one_and_the_last_when_it_is_told_to_end(tmp_path: Path) -> None:
    with recording(tmp_path) as found:
        until(lambda: len(found.finished()) >= 2, "two pieces are finished")
        assert found.running()
        found.end()
        pieces = found.finished()
        assert found.running() == []
    assert [piece.name for piece in pieces] == [f"{number:04}.mkv" for number in range(1, len(pieces) + 1)]
    assert streams(pieces[0]) == ["aac", "h264"]
    assert all(SECONDS - 0.3 <= seconds(piece) <= SECONDS + 0.3 for piece in pieces[:-1])


@needs_ffmpeg
def test_a_crash_of_ffmpeg_loses_little_and_a_new_piece_is_begun(tmp_path: Path) -> None:
    with recording(tmp_path, piece_minutes=10.0) as found:
        ffmpeg = until(found.ffmpeg, "ffmpeg records")
        until(lambda: found.running()[0].stat().st_size > 60_000, "something is recorded")
        os.kill(ffmpeg, signal.SIGKILL)
        [piece] = until(found.finished, "what was recorded is finished")
        assert seconds(piece) >= 1
        until(lambda: found.ffmpeg() not in (None, ffmpeg), "ffmpeg is begun again")
        found.end()
        assert [each.name for each in found.finished()] == ["0001.mkv", "0002.mkv"]
        assert "begun again" in found.log.read_text()


@needs_ffmpeg
def test_without_a_device_for_sound_the_picture_is_recorded_alone_and_that_is_said(tmp_path: Path) -> None:
    with recording(tmp_path, sound=("-f", "pulse", "-i", "no-such-device")) as found:
        until(found.finished, "a piece is finished")
        found.end()
        assert streams(found.finished()[0]) == ["h264"]
        assert "without sound" in found.log.read_text()


@needs_ffmpeg
def test_told_by_a_signal_it_ends_in_order_too(tmp_path: Path) -> None:
    with recording(tmp_path) as found:
        until(found.ffmpeg, "ffmpeg records")
        until(lambda: found.running()[0].stat().st_size > 20_000, "something is recorded")
        os.killpg(found.process.pid, signal.SIGTERM)
        assert found.process.wait(30) == 0
        assert found.running() == []
        assert seconds(found.finished()[-1]) > 0


@needs_ffmpeg
def test_a_helper_that_is_killed_cuts_no_recording(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(as_toml({"session": str(tmp_path), "picture": PICTURE, "sound": SOUND}))
    record = [sys.executable, "-m", "desktop", "record", "--config", str(tmp_path / "agent.toml")]
    begins = f"import subprocess, time; print(subprocess.Popen({record!r}, stdin=-1, start_new_session=True).pid)"
    environ = {**os.environ, "ELEPHANT_RECORDING": str(tmp_path / "recording"), "PYTHONPATH": str(ROOT)}
    helper = subprocess.Popen(
        [sys.executable, "-uc", f"{begins}; time.sleep(600)"], env=environ, stdout=subprocess.PIPE, text=True
    )
    assert helper.stdout
    recorder = int(helper.stdout.readline())
    try:
        piece = tmp_path / "recording" / "running" / "0001.mkv"
        until(lambda: piece.exists() and piece.stat().st_size > 0, "something is recorded")
        helper.kill()
        helper.wait()
        until(lambda: "The helper has ended" in log.read_text() if (log := tmp_path / "record.log").exists() else False)
        size = piece.stat().st_size
        until(lambda: piece.stat().st_size > size, "it goes on")
        os.killpg(recorder, signal.SIGTERM)
        finished = tmp_path / "recording" / "finished" / "0001.mkv"
        until(finished.exists, "it has ended in order")
        assert seconds(finished) > 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(recorder, signal.SIGKILL)
        helper.stdout.close()


@needs_ffmpeg
@pytest.mark.skipif(not shutil.which("Xvfb"), reason="Xvfb is not installed: apt-get install xvfb")
def test_the_screen_of_linux_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "641x481x24"],
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            monkeypatch.setenv("DISPLAY", f":{told.readline().strip()}")
        with recording(tmp_path, picture=(), sound=()) as found:
            until(found.finished, "a piece is finished")
            found.end()
            assert "h264" in streams(found.finished()[0])
    finally:
        screen.terminate()
        screen.wait()


@pytest.mark.parametrize("script", ["exit 1", "exit 0", "echo No space left on device >&2; exit 228"])
def test_one_that_ends_at_once_is_begun_again_ever_more_slowly(
    tmp_path: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    program = shells.put(tmp_path / "ffmpeg", f"echo x >> {tmp_path}/begun; {script}")
    stop = threading.Event()
    recorder = Recorder(Config(ffmpeg=str(program)), tmp_path / "r", lambda config: [])
    thread = threading.Thread(target=recorder.run, args=(stop,))
    thread.start()
    until(lambda: caplog.text.count("begun again") >= 1, "it has ended")
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert len((tmp_path / "begun").read_text().split()) <= 2


def test_one_that_does_not_listen_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.recorder.QUIT_S", 0.1)
    monkeypatch.setattr("desktop.recorder._TERMINATE_S", 0.1)
    program = shells.put(tmp_path / "ffmpeg", f"trap '' TERM; echo x > {tmp_path}/begun; while :; do sleep 0.1; done")
    stop = threading.Event()
    recorder = Recorder(Config(ffmpeg=str(program)), tmp_path / "r", lambda config: [])
    thread = threading.Thread(target=recorder.run, args=(stop,))
    thread.start()
    until((tmp_path / "begun").exists, "it runs")
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_program_that_is_not_there_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    recorder = Recorder(Config(ffmpeg=str(tmp_path / "none")), tmp_path / "r", lambda config: [])
    thread = threading.Thread(target=recorder.run, args=(stop,))
    thread.start()
    until(lambda: "cannot be run" in caplog.text, "it is said")
    stop.set()
    thread.join(30)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "r").write_text("in the way")
    assert Recorder(Config(), tmp_path / "r", lambda config: []).run(threading.Event()) == 1
    assert "Nothing can be recorded" in caplog.text


def test_it_is_found_where_ffmpeg_is(tmp_path: Path) -> None:
    program = shells.put(tmp_path / "ffmpeg", "exit 0")
    settings = tmp_path / "agent.toml"
    found = find(Config(ffmpeg=str(program)), settings)
    assert found[1:] == ["-m", "desktop", "record", "--config", str(settings)]
    assert find(Config(ffmpeg=str(tmp_path / "none")), settings) == []


def test_windows_gives_the_desktop_and_the_device_that_gives_back_what_is_heard() -> None:
    assert picture(Config(), ":0", windows=True)[-2:] == ["-i", "desktop"]
    assert picture(Config(), ":7", windows=False)[-2:] == ["-i", ":7"]
    assert loopback(LISTED) == "Stereo Mix (Realtek Audio)"
    assert loopback(LISTED.replace("Stereo Mix", "Line In")) is None


@pytest.mark.parametrize("windows", [True, False])
def test_sound_that_ffmpeg_cannot_open_is_left_out(
    tmp_path: Path, windows: bool, caplog: pytest.LogCaptureFixture
) -> None:
    program = shells.put(
        tmp_path / "ffmpeg", 'echo "\\"Stereo Mix\\" (audio)" >&2; echo Connection refused >&2; exit 1'
    )
    assert find_sound(Config(ffmpeg=str(program)), windows=windows) == []
    assert "Connection refused" in caplog.text
    good: Callable[[str], Path] = lambda said: shells.put(tmp_path / "ffmpeg", f"echo '{said}' >&2; exit 0")  # noqa: E731
    good('"Stereo Mix" (audio)')
    assert find_sound(Config(ffmpeg=str(program)), windows=windows)[-1] in ("audio=Stereo Mix", "@DEFAULT_MONITOR@")
    good('"Microphone" (audio)')
    assert bool(find_sound(Config(ffmpeg=str(program)), windows=windows)) is not windows


def test_pieces_go_on_counting_after_those_that_are_there() -> None:
    words = command(Config(), Path("/r"), 7, [], ":0")
    assert words[words.index("-segment_start_number") + 1] == "7"
    assert words[words.index("-segment_time") + 1] == "300"
    assert "-c:a" not in words
