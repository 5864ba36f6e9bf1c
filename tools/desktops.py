"""The desktops of a stage that are alive: people may be in them, and they cost money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.domain.model import PROJECT, Desktop, State
from tools.account import Clients
from tools.errors import ignore_not_found
from tools.stage import Stage, StageError

_ALIVE = [str(state) for state in State if state.must_be_ended]


def alive(stage: Stage, client: Clients) -> list[str]:
    """Return the ids of the stage's desktops that still have to be terminated."""
    return list(_shown(stage, client, {"Name": "instance-state-name", "Values": _ALIVE}))


def living(stage: Stage, client: Clients) -> list[dict[str, Any]]:
    """Return the stage's desktops that still have to be terminated, as EC2 describes them."""
    return list(_described(stage, client, {"Name": "instance-state-name", "Values": _ALIVE}))


def shown(stage: Stage, client: Clients) -> list[Desktop]:
    """Return the stage's desktops that EC2 shows, those that died lately too."""
    return [Desktop(id_, State(state)) for id_, state in _shown(stage, client).items()]


def whose(desktop_id: str, stage: Stage, client: Clients) -> str:
    """Return the id of the meeting that a desktop of the stage serves, or has served within the last hour.

    Raises:
        StageError: EC2 does not show it, or it is no meeting's of this stage.
    """
    found = list(_described(stage, client, {"Name": "instance-id", "Values": [desktop_id]}))
    if not found:
        raise StageError(
            f"EC2 shows no desktop {desktop_id} of stage {stage.name}; an hour after its end it shows none any more. "
            f"The log still names its meeting: aws logs filter-log-events --region {stage.region} "
            f"--log-group-name {stage.log_group('sweep')} --filter-pattern '\"{desktop_id}\"'"
        )
    tags = {tag["Key"]: tag["Value"] for tag in found[0].get("Tags", [])}
    if not tags.get("MeetingID"):
        raise StageError(f"The desktop {desktop_id} bears no tag MeetingID, so it is no meeting's.")
    return str(tags["MeetingID"])


def _shown(stage: Stage, client: Clients, *filters: dict[str, Any]) -> dict[str, str]:
    """Return the states of the stage's desktops by their ids."""
    return {found["InstanceId"]: found["State"]["Name"] for found in _described(stage, client, *filters)}


def _described(stage: Stage, client: Clients, *filters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    tags = [{"Name": "tag:Project", "Values": [PROJECT]}, {"Name": "tag:Stage", "Values": [stage.name]}]
    pages = client("ec2").get_paginator("describe_instances").paginate(Filters=[*tags, *filters])
    for page in pages:
        for group in page["Reservations"]:
            yield from group["Instances"]


def refuse_while_alive(stage: Stage, client: Clients) -> None:
    """Refuse to go on while desktops of the stage are alive.

    Raises:
        StageError: there are some; it names them.
    """
    if found := alive(stage, client):
        raise StageError(
            f"{len(found)} desktops of stage {stage.name} are alive: {', '.join(found)}. {_how_they_end(stage, client)}"
        )


def _how_they_end(stage: Stage, client: Clients) -> str:
    """Return what ends the stage's desktops: people may be in them while its sweep is there to look after them."""
    with ignore_not_found():
        client("lambda").get_function_configuration(FunctionName=stage.function("sweep"))
        return (
            "People may be in them: wait until their meetings have ended, or call the meetings off "
            "(docs/deploy.md, The first meeting); the sweep ends what belongs to no meeting."
        )
    return (
        "The stage's functions are gone, so nothing ends them. See that nobody is in them (docs/deploy.md, Taking a "
        "stage away), and end them there."
    )
