"""Mails each person their link and a file for their calendar: of a meeting that is new, moved, changed or cancelled.

The rule's pattern is PATTERN. API_URL is the stage's, OPERATE_KEY a key of scope `operate`, SENDER an identity of SES;
ADDRESSES, a JSON object of addresses by name, stands in for your own directory.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import boto3
from once import is_done, note_done

PATTERN = {
    "source": ["elephant.dev"],
    "detail-type": ["Meeting Scheduled", "Meeting Moved", "Meeting Changed", "Meeting Ended"],
}
MAIL = boto3.client("sesv2")


def handler(event, context):
    """Mail both people what the meeting is now, whichever change has led here."""
    is_cancelled = event["detail"].get("reason") == "CANCELLED"
    if is_done(event) or ("reason" in event["detail"] and not is_cancelled):
        return
    meeting = ask(f"/meetings/{event['detail']['meeting_id']}")
    for role, link_id in meeting["link_ids"].items():
        if to := json.loads(os.environ["ADDRESSES"]).get(meeting[f"{role}_name"]):
            link = f"{os.environ['API_URL']}/meeting?{urlencode({'id': link_id, 'role': role})}"
            send(to, meeting, role, link, is_cancelled)
    note_done(event)


def ask(path):
    """Return what the API answers to whoever has the key."""
    headers = {"Authorization": f"Bearer {os.environ['OPERATE_KEY']}"}
    with urlopen(Request(os.environ["API_URL"] + path, headers=headers), timeout=10) as answer:
        return json.load(answer)


def send(to, meeting, role, link, is_cancelled):
    """Send one mail, with a file that calendars take for the same entry each time, and for that of the app's pages."""
    start = datetime.fromisoformat(meeting["meet_time"])
    end = start + timedelta(minutes=meeting["duration_minutes"])
    mail = EmailMessage()
    mail["From"], mail["To"] = os.environ["SENDER"], to
    mail["Subject"] = f"{'Cancelled: meeting' if is_cancelled else 'Your meeting'} on {start:%d %B, %H:%M} UTC"
    mail.set_content("The meeting is cancelled." if is_cancelled else f"Open your desktop here:\n\n{link}\n")
    method, status = ("CANCEL", "CANCELLED") if is_cancelled else ("PUBLISH", "CONFIRMED")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Mail//EN", f"METHOD:{method}", "BEGIN:VEVENT"]
    lines += [f"UID:{meeting['id']}-{role}@{urlsplit(os.environ['API_URL']).hostname}", f"STATUS:{status}"]
    lines += [f"SEQUENCE:{meeting['sequence']}", "SUMMARY:Meeting"]
    moments = {"DTSTAMP": datetime.now(UTC), "DTSTART": start, "DTEND": end}
    lines += [f"{name}:{at:%Y%m%dT%H%M%SZ}" for name, at in moments.items()]
    lines += [*([] if is_cancelled else [f"URL:{link}"]), "END:VEVENT", "END:VCALENDAR", ""]
    mail.add_attachment("\r\n".join(lines).encode(), "text", "calendar", filename="meeting.ics")
    content = {"Raw": {"Data": mail.as_bytes()}}
    MAIL.send_email(FromEmailAddress=mail["From"], Destination={"ToAddresses": [to]}, Content=content)
