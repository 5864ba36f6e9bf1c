"""From a person's session to the bucket, by the agent's processes, the app's links and an S3 that is strict."""

from __future__ import annotations

import hashlib
import os

from localcloud.s3 import Fault
from tests.desktop.process.laptops import Meeting
from tests.waiting import until

MIB = 2**20
CONTENT = hashlib.shake_128(b"recording").digest(40 * MIB + 5)
"""Of three parts."""


def test_cut_and_killed_on_the_way_a_recording_arrives_whole_and_the_app_notes_it(meeting: Meeting) -> None:
    meeting.wait_until_ready("teacher")
    live, machine, s3 = meeting.open("teacher"), meeting.machine("teacher"), meeting.cloud.aws.s3
    parts: list[str] = []

    def hear(service: str, operation: str) -> None:
        if operation == "UploadPart" and machine.instance_id in str([each.key for each in s3.uploads.values()]):
            parts.append(operation)
            if len(parts) == 1:
                s3.faults.append(Fault("UploadPart", "SlowDown"))

    meeting.cloud.aws.listeners.append(hear)
    until(lambda: len(meeting.pieces("teacher")) == 1, "the first piece is safe while the meeting lasts")
    parts.clear()
    (machine.home / "session" / "1").mkdir()
    (machine.home / "session" / "1" / "large.mkv").write_bytes(CONTENT)
    (machine.home / "session" / "1").rename(machine.home / "session" / "recordings" / machine.instance_id / "1")
    (machine.home / "drop" / "link.mkv").symlink_to(machine.home / "state" / "state.json")
    until(lambda: "large" in machine.log("service"), "the connection was cut")
    machine.kill("service")
    s3.end_sessions()  # the links that were signed are good no more
    s3.faults.append(Fault("CompleteMultipartUpload", "InternalError", 200))
    machine.begin("service")
    until(lambda: CONTENT in meeting.pieces("teacher").values(), "the large piece is safe")
    assert "teacher_session_data" not in meeting.row
    live.drop()
    until(lambda: "teacher_session_data" in meeting.row, "the app has noted it")
    pieces = meeting.pieces("teacher")
    assert len(pieces) == 3
    assert [content for key, content in pieces.items() if "large" in key] == [CONTENT]
    assert len(parts) <= 3 + 1 + 1, "three parts, one after the cut, and the last of the stand-in's"
    assert b"instance_id" not in b"".join(pieces.values()), "a link was followed"
    [lost] = meeting.row["teacher_recording_lost"]
    assert "is a link and no recording" in lost
    assert list((machine.home / "state" / "outbox" / machine.instance_id).iterdir()) == []
    assert os.listdir(machine.home / "drop") == []
