"""One call where a request needs a row and keys: the keys that are too old by now are read along with the row.

A transaction reads them, and no batch: IAM judges each read of it by itself, as a GetItem. Of a batch, the keys of all
items must stand in one and the same statement of a policy.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.keys import item_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.adapters.dynamodb import DynamoMeetings
    from chalicelib.adapters.keys import TableKeys
    from chalicelib.domain.keys import Purpose


def read_together(client: DynamoDBClient, wanted: Iterable[tuple[str, str]]) -> list[Mapping[str, Any]] | None:
    """Return these items, each by its table and id, in DynamoDB JSON, strongly consistent; an empty one is not there.

    None where the call fails.
    """
    try:
        answer = client.transact_get_items(
            TransactItems=[{"Get": {"TableName": table, "Key": {"id": {"S": name}}}} for table, name in wanted]
        )
    except (ClientError, BotoCoreError):
        return None
    return [each.get("Item", {}) for each in answer["Responses"]]


def read_ahead(
    client: DynamoDBClient, meetings: DynamoMeetings, keys: TableKeys, meeting_id: str, purposes: Iterable[Purpose]
) -> DynamoMeetings:
    """Return the table of meetings, knowing this row already where it was read along with keys, strongly consistent.

    Where all keys are young enough nothing is read. Where the call fails, as it does while one of these is written by a
    transaction, each is read by itself when it is needed, and tells what it is to miss it.
    """
    old = keys.too_old(purposes)
    if not old:
        return meetings
    wanted = [(meetings.table, meeting_id), *((keys.table, item_id(purpose)) for purpose in old)]
    answer = read_together(client, wanted)
    if answer is None:
        return meetings
    row, *found = answer
    keys.take(dict(zip(old, found, strict=True)))
    return meetings.knowing(meeting_id, row)
