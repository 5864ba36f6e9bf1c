"""What others are told in whole lives, as EventBridge has it, and what the samples of docs/integrations.md make of it.

The events are the app's own, put on a bus over real calls: what comes of them is an archive's.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import icalendar
import pytest
import requests
from moto.events.models import events_backends
from moto.ses.models import ses_backends

from app import app
from chalicelib.domain.access import Scope
from chalicelib.settings import Client
from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import VirtualClock
from localcloud.cloud import ACCESS_KEYS, BUCKET, Cloud
from localcloud.conditions import Conditions
from localcloud.people import Invitation, schedule
from localcloud.server import Server
from localcloud.triggers import matches
from tests import schema
from tools.stage import ROOT

SAMPLES = ROOT / "docs" / "samples"
NOW = datetime(2026, 12, 7, 18, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ADDRESSES = {"Ada": "ada@example.com", "Boonki": "boonki@example.com"}
Event = dict[str, Any]


@contextmanager
def told(client: Client, *, doubled: bool = False) -> Iterator[tuple[Cloud, VirtualClock]]:
    """Up is a cloud whose app tells others on the account's own bus; an archive keeps what they are told."""
    clock = VirtualClock(NOW)
    with Cloud(app, clock, Conditions(client=client, doubled=doubled)) as cloud:
        os.environ["EVENT_BUS"] = "default"
        bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
        cloud.operator("events").create_archive(ArchiveName="all", EventSourceArn=bus)
        yield cloud, clock


def kept(meeting_id: str) -> list[Event]:
    """Return the events of a meeting, those that came twice too."""
    archived: list[Event] = [dict(event) for event in events_backends[ACCOUNT][REGION].archives["all"].events]
    return [event for event in archived if event["detail"]["meeting_id"] == meeting_id]


def once(events: list[Event]) -> list[Event]:
    """Return events as they came, each once."""
    return list({event["detail"]["id"]: event for event in reversed(events)}.values())[::-1]


def steps(events: list[Event]) -> list[str]:
    return [f"{event['detail-type']} {event['detail'].get('role', '')}".strip() for event in events]


def live(cloud: Cloud, clock: VirtualClock) -> str:
    """Let two people meet for a quarter of an hour; return the meeting's id once it is over."""
    meet_time = clock.now() + 10.5 * MINUTE
    invitation = schedule(cloud.url, cloud.timeline, meet_time)
    for minute, link in enumerate(invitation.links.values()):
        person = cloud.person(link)
        clock.at(meet_time + (minute + 0.4) * MINUTE, person.arrive)
        clock.at(meet_time + (minute + 15.4) * MINUTE, person.leave)
    while cloud.row(invitation.meeting_id)["status"] != "TERMINATED" and clock.now() < meet_time + 40 * MINUTE:
        clock.run(clock.now() + MINUTE)
    return invitation.meeting_id


LIFE = [
    "Meeting Scheduled",
    *("Desktop Ready teacher", "Desktop Ready student"),
    *("Person Joined teacher", "Person Joined student"),
    *("Person Left teacher", "Recording Safe teacher"),
    *("Person Left student", "Recording Safe student"),
    "Meeting Ended",
]


def hold(events: list[Event]) -> None:
    """Hold what was told of a life to its order, each person's own, and to the schema."""
    for event in events:
        schema.hold(event)
    assert sorted(steps(once(events))) == sorted(LIFE)
    assert (events[0]["detail-type"], once(events)[-1]["detail-type"]) == ("Meeting Scheduled", "Meeting Ended")
    for role in ("teacher", "student"):
        assert [step for step in steps(once(events)) if role in step] == [step for step in LIFE if role in step]
    assert once(events)[-1]["detail"]["reason"] == "SUCCESS"


def test_a_life_with_scripts_is_told_in_its_order() -> None:
    with told(Client.SCRIPTS) as (cloud, clock):
        events = kept(live(cloud, clock))
        hold(events)
        assert once(events) == events


# --- lives on the kit, where everything is delivered twice, and what the samples make of them


@dataclass
class School:
    """An operator's own programs beside a cloud in which a meeting was held and another one went wrong."""

    cloud: Cloud
    held: str
    wrong: Invitation
    chat: list[str] = field(default_factory=list)
    chat_is_down: bool = False

    def of(self, meeting_id: str, kind: str) -> list[Event]:
        """Return a meeting's events of a kind, each once."""
        return [event for event in once(kept(meeting_id)) if event["detail-type"] == kind]

    def serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """Answer as a chat's webhook."""
        start_response("503 Down" if self.chat_is_down else "200 OK", [])
        if not self.chat_is_down:
            self.chat.append(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))["text"])
        return [b"ok"]


def public_id(link: str) -> str:
    return parse_qs(urlsplit(link).query)["id"][0]


def go_wrong(cloud: Cloud, clock: VirtualClock) -> Invitation:
    """Let a meeting lose a desktop before anybody comes, be moved, and be called off."""
    invitation = schedule(cloud.url, cloud.timeline, clock.now() + 10.5 * MINUTE)
    clock.run(clock.now() + 2 * MINUTE)
    cloud.ec2.shut_down(cloud.row(invitation.meeting_id)["student_ec2_id"])
    clock.run(clock.now() + 2 * MINUTE)
    managed = f"{cloud.url}/meetings/{public_id(invitation.links['teacher'])}"
    later = (clock.now() + 15 * MINUTE).isoformat()
    requests.patch(managed, json={"meet_time": later, "student_name": "Bo"}, timeout=30).raise_for_status()
    requests.delete(managed, timeout=30).raise_for_status()
    clock.run(clock.now() + 2 * MINUTE)
    return invitation


@pytest.fixture(scope="module")
def school() -> Iterator[School]:
    with told(Client.KIT, doubled=True) as (cloud, clock):
        held, wrong = live(cloud, clock), go_wrong(cloud, clock)
        school = School(cloud, held, wrong)
        cloud.operator("s3").create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION})
        cloud.operator("dynamodb").create_table(
            TableName="seen",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        cloud.operator("sesv2").create_email_identity(EmailIdentity="school@example.com")
        server = Server(school.serve)
        own = {"API_URL": cloud.url, "OPERATE_KEY": ACCESS_KEYS[Scope.OPERATE], "WEBHOOK": server.url}
        own |= {"SEEN_TABLE": "seen"}
        own |= {"SENDER": "school@example.com", "ADDRESSES": json.dumps(ADDRESSES)}
        os.environ.update(own | {"BUCKET": BUCKET, "ARCHIVE": "archive"})
        yield school
        server.stop()


@pytest.fixture
def sample(school: School, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Return what loads a sample as Lambda does, beside its `once.py`, and gives it what its rule lets through."""
    monkeypatch.syspath_prepend(SAMPLES)

    def load(name: str) -> Any:
        spec = importlib.util.spec_from_file_location(f"sample_{name}", SAMPLES / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)

        def deliver(event: Event) -> None:
            if matches(module.PATTERN, event):
                module.handler(event, None)

        return SimpleNamespace(deliver=deliver)

    return load


def test_a_life_on_the_kit_is_told_in_its_order_and_what_comes_twice_has_one_id(school: School) -> None:
    events = kept(school.held)
    hold(events)
    assert len(events) > len(LIFE)


def test_what_goes_wrong_is_told(school: School) -> None:
    told_of = [step for step in steps(once(kept(school.wrong.meeting_id))) if "Ready" not in step]
    assert told_of == [
        "Meeting Scheduled",
        "Desktop Replaced student",
        "Meeting Moved",
        "Meeting Changed",
        "Meeting Ended",
    ]
    for event in kept(school.wrong.meeting_id):
        schema.hold(event)


def mails() -> list[tuple[str, Any, Any]]:
    """Return the mails that were sent and forget them: to whom, the text, and the entry in its file."""
    sent = ses_backends[ACCOUNT][REGION].sent_messages
    read: list[Any] = [message_from_bytes(mail.raw_data.encode(), policy=policy.default) for mail in sent]
    sent.clear()
    return [
        (
            str(mail["To"]),
            mail.get_body().get_content(),
            icalendar.Calendar.from_ical(next(mail.iter_attachments()).get_content()),
        )
        for mail in read
    ]


def test_the_mail_holds_each_person_s_own_link_as_it_is_now_and_comes_once(
    school: School, sample: Callable[[str], Any]
) -> None:
    mail = sample("mail")
    [scheduled] = school.of(school.wrong.meeting_id, "Meeting Scheduled")
    for _ in range(2):
        mail.deliver(scheduled)
    [(to, text, calendar)] = mails()  # the student is called Bo by now, whom the directory does not know
    assert to == "ada@example.com"
    assert f"/meeting?id={public_id(school.wrong.links['teacher'])}&role=teacher" in text
    assert school.wrong.links["student"].partition("?")[2] not in text
    [entry] = calendar.walk("VEVENT")
    assert entry["UID"] == f"{school.wrong.meeting_id}-teacher@127.0.0.1"
    assert entry["SEQUENCE"] == 2
    assert entry["DTEND"].dt > entry["DTSTART"].dt > NOW


def test_a_meeting_that_is_called_off_is_taken_out_of_the_calendar_and_one_that_was_held_is_no_mail(
    school: School, sample: Callable[[str], Any]
) -> None:
    mail = sample("mail")
    mail.deliver(*school.of(school.held, "Meeting Ended"))
    assert mails() == []
    mail.deliver(*school.of(school.wrong.meeting_id, "Meeting Ended"))
    [(_, text, calendar)] = mails()
    assert text.strip() == "The meeting is cancelled."
    assert (calendar["METHOD"], calendar.walk("VEVENT")[0]["STATUS"]) == ("CANCEL", "CANCELLED")


def test_the_chat_is_told_of_a_desktop_that_failed_once_and_again_where_it_was_down(
    school: School, sample: Callable[[str], Any]
) -> None:
    chat = sample("chat")
    school.chat_is_down = True
    [replaced] = school.of(school.wrong.meeting_id, "Desktop Replaced")
    with pytest.raises(HTTPError):
        chat.deliver(replaced)
    school.chat_is_down = False
    for event in [*kept(school.wrong.meeting_id), *kept(school.held)]:
        chat.deliver(event)
    [line] = school.chat
    assert line.startswith(f"Meeting {school.wrong.meeting_id}: the student's desktop i-")
    assert replaced["detail"]["why"] in line
    failed = replaced | {
        "detail-type": "Meeting Ended",
        "detail": {"meeting_id": "m", "id": "0", "reason": "LAUNCH_FAILED"},
    }
    chat.deliver(failed)
    assert school.chat[1:] == ["Meeting m has ended: LAUNCH_FAILED."]


def test_recordings_are_copied_once_they_are_safe(school: School, sample: Callable[[str], Any]) -> None:
    recordings, s3 = sample("recordings"), school.cloud.operator("s3")
    for event in school.of(
        school.held, "Recording Safe"
    ):  # the emulator's desktops tell where pieces lie, and put none
        s3.put_object(Bucket=BUCKET, Key=f"{event['detail']['prefix']}1.mkv", Body=b"a recording")
    s3.put_object(Bucket=BUCKET, Key="2026-12-07/another/teacher/i-1-1.mkv", Body=b"of another meeting")
    for event in kept(school.held):
        recordings.deliver(event)

    def pieces(bucket: str) -> dict[str, int]:
        return {each["Key"]: each["Size"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}

    assert len(pieces("archive")) == 2
    assert pieces("archive").items() <= pieces(BUCKET).items()
    [safe] = [e for e in school.of(school.held, "Recording Safe") if e["detail"]["role"] == "teacher"]
    recordings.deliver(safe | {"detail": {k: v for k, v in safe["detail"].items() if k != "prefix"}})
