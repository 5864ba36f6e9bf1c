"""Tells a chat when a desktop fails: one was replaced, or a meeting has ended for want of desktops.

The rule's pattern is PATTERN. WEBHOOK is an address that takes {"text": …}, as those of Slack and Mattermost do.
"""

import json
import os
from urllib.request import Request, urlopen

from once import is_done, note_done

PATTERN = {"source": ["elephant.dev"], "detail-type": ["Desktop Replaced", "Meeting Ended"]}
FAILED = ("LAUNCH_FAILED", "DESKTOPS_GONE")


def handler(event, context):
    """Post a line about the event."""
    detail = event["detail"]
    if is_done(event) or detail.get("reason", FAILED[0]) not in FAILED:
        return
    meeting = f"Meeting {detail['meeting_id']}"
    if "reason" in detail:
        text = f"{meeting} has ended: {detail['reason']}."
    else:
        text = f"{meeting}: the {detail['role']}'s desktop {detail['desktop_id']} is replaced: {detail.get('why', '')}"
    body = json.dumps({"text": text}).encode()
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(os.environ["WEBHOOK"], body, headers), timeout=10) as answer:
        answer.read()
    note_done(event)
