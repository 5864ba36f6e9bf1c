"""Which events were worked off already, in a table of one's own: key `id` (S), time to live `expires`."""

import os
import time

import boto3

WEEK_S = 7 * 24 * 3600
TABLE = boto3.client("dynamodb")


def is_done(event):
    """Return whether this event came before and was worked off."""
    key = {"id": {"S": event["detail"]["id"]}}
    return "Item" in TABLE.get_item(TableName=os.environ["SEEN_TABLE"], Key=key, ConsistentRead=True)


def note_done(event):
    """Note that this event is worked off. What fails before that is tried again by Lambda: better twice than never."""
    expires = {"N": str(int(time.time()) + WEEK_S)}
    TABLE.put_item(TableName=os.environ["SEEN_TABLE"], Item={"id": {"S": event["detail"]["id"]}, "expires": expires})
