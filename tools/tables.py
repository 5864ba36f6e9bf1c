"""The tables of a stage: the one its stack makes, and those that bore its meetings under earlier names."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.model import PROJECT
from tools.account import Clients
from tools.desktops import refuse_while_alive
from tools.errors import ignore_not_found
from tools.stage import Stage, StageError

_POLL = {"Delay": 2}


def refuse_change(stage: Stage, outputs: Mapping[str, str], client: Clients) -> None:
    """Refuse a table's name that the stack cannot take on now. `outputs` are the stack's, empty where it is not there.

    Raises:
        StageError: a table of that name exists and is not the stack's, or meetings are on in the present one.
    """
    present = outputs.get("TableName")
    if present == stage.table_name:
        return
    with ignore_not_found():
        client("dynamodb").describe_table(TableName=stage.table_name)
        raise StageError(
            f"The table {stage.table_name} exists already, and CloudFormation takes over no table that it did not "
            f"make. Write another name, or none, as operations.table in stages/{stage.name}.toml, deploy, and copy "
            "the rows over (docs/deploy.md, Another table)."
        )
    if present:
        refuse_while_alive(stage, client)  # the sweep would end them: the new table has no meeting of theirs


def stream(table: str, client: Clients) -> str:
    """Return the ARN of the table's stream as it is now: the stack only knows the one that it made.

    Raises:
        StageError: it has none.
    """
    stands = client("dynamodb").describe_table(TableName=table)["Table"]
    if not stands.get("StreamSpecification", {}).get("StreamEnabled"):
        raise StageError(f"The table {table} has no stream any more; `make doctor` prints the command that repairs it.")
    return str(stands["LatestStreamArn"])


def protect(stage: Stage, outputs: Mapping[str, str], client: Clients) -> bool:
    """Protect the stack's table from being deleted, or not, as the operator wants; return whether that changed it.

    Not the template's to say: a stack whose creation fails could not be deleted then.
    """
    tables, name = client("dynamodb"), outputs["TableName"]
    stands = tables.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled", False)
    if stands == stage.protect_table:
        return False
    tables.update_table(TableName=name, DeletionProtectionEnabled=stage.protect_table)
    tables.get_waiter("table_exists").wait(TableName=name, WaiterConfig=_POLL)
    return True


def of_stage(stage: Stage, client: Clients) -> list[str]:
    """Return the names of all tables that were made for the stage, as their tags say."""
    tags = [{"Key": "Project", "Values": [PROJECT]}, {"Key": "Stage", "Values": [stage.name]}]
    pages = client("resourcegroupstaggingapi").get_paginator("get_resources")
    found = pages.paginate(TagFilters=tags, ResourceTypeFilters=["dynamodb:table"])
    return [tagged["ResourceARN"].split("/")[1] for page in found for tagged in page["ResourceTagMappingList"]]


def there(names: list[str], client: Clients) -> list[str]:
    """Return those of the tables that exist: what their tags say lags behind."""
    found = []
    for name in names:
        with ignore_not_found():
            client("dynamodb").describe_table(TableName=name)
            found.append(name)
    return found


def release(names: list[str], client: Clients) -> None:
    """Take back the tables' protection."""
    tables = client("dynamodb")
    for name in names:
        with ignore_not_found():
            tables.update_table(TableName=name, DeletionProtectionEnabled=False)
            tables.get_waiter("table_exists").wait(TableName=name, WaiterConfig=_POLL)


def delete(names: list[str], client: Clients) -> None:
    """Delete the tables, and wait until they are gone; one that is gone already is fine."""
    tables = client("dynamodb")
    for name in names:
        with ignore_not_found():
            tables.delete_table(TableName=name)
            tables.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig=_POLL)
