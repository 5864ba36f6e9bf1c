"""What one row holds can only ever spoil that row: every route and handler meets it, as AWS hands it to them.

tests/unit/control/test_rows_gone_wild.py tries many more, without AWS.

Whoever may write rows, by hand or from a desktop with scripts, can write anything into any attribute. A row that fell
over is told as the attributes that it takes to fall over.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.cloud import TABLE
from localcloud.cloudflare import DOMAIN
from tests import fuzz, wild
from tests.app.test_desktop_http import GOOD, ME, OTHER, ROLE_ARN, ask, signed_by
from tests.app.test_manage_fuzz import GOOD as CHANGES
from tests.app.test_manage_http import Own
from tests.app.world import NOW, World, ec2_event, utc

ROWS = fuzz.inputs(3, worth=2500)
"""Each row meets every route and every handler."""


class Town:
    """A meeting that is scheduled with its links, whose row is spoilt, and one beside it whose people may come in."""

    def __init__(self, world: World) -> None:
        world.forget_everything()
        self.world = world
        self.own = Own(world)
        seats = {role: world.desktop("sound", role) for role in ("teacher", "student")}
        row: dict[str, Any] = {f"{role}_ec2_id": desktop for role, desktop in seats.items()}
        row |= {f"{role}_ec2_link": f"https://{desktop}.{DOMAIN}:8443" for role, desktop in seats.items()}
        row |= {f"{role}_{name}": utc(NOW) for role in seats for name in ("published_at", "healthy_at", "launched_at")}
        world.put(**row, id="sound", open="1", status="HEALTHY", meet_time=utc(NOW), opened_at=utc(NOW))
        self.seats = seats

    def sound_item(self) -> wild.Item:
        seats = {"teacher": ME, "student": OTHER}
        table = self.world.cloud.operator("dynamodb")
        item: wild.Item = table.get_item(TableName=TABLE, Key={"id": {"S": self.own.id}})["Item"]
        return item | {f"{role}_ec2_id": {"S": desktop} for role, desktop in seats.items()}

    def spoil(self, item: wild.Item) -> None:
        self.world.cloud.operator("dynamodb").put_item(TableName=TABLE, Item=for_boto(item))

    def meet(self, before: wild.Item, item: wild.Item) -> Iterator[tuple[str, int]]:
        """Let everything meet the row; yield what each answers that answers anything, by a name."""
        world, own = self.world, self.own
        stream: dict[str, Any] = {"Keys": {"id": item["id"]}, "OldImage": before, "NewImage": item}
        stream |= {"ApproximateCreationDateTime": NOW.timestamp()}
        record = {"eventName": "MODIFY", "eventID": "1", "dynamodb": stream}
        world.invoke("stream_terminator", {"Records": [record, record | {"eventName": "REMOVE"}]})
        for role, link in own.links.items():
            for query in ("?peek=1", ""):
                yield f"join {role}{query}", world.http.get(f"/join/{link}/{role}{query}").status_code
        yield "show", own.ask("GET").status_code
        for (method, path), body in CHANGES.items():
            yield f"{method}{path}", own.ask(method, path, body).status_code
        for path, body in GOOD.items():
            yield f"desktop{path}", ask(signed_by(ME), path, body, meeting=own.id)[0]
        for function, key in (("launch_ec2", "meeting_id"), ("safety_net", "meetingId")):
            world.invoke(function, {key: own.id})
        for state in ("running", "shutting-down"):
            world.invoke("dns_watchdog", ec2_event(self.of_the_spoilt, state))
        world.sweep()
        yield "DELETE", own.ask("DELETE").status_code
        world.sweep()

    @property
    def of_the_spoilt(self) -> str:
        return self.world.desktop(self.own.id, "teacher")


def for_boto(item: Any) -> Any:
    """Return DynamoDB JSON as boto3 takes it: what is binary as bytes."""
    if isinstance(item, dict):
        return {
            kind: base64.b64decode(each)
            if kind == "B" and isinstance(each, str)
            else [base64.b64decode(one) for one in each]
            if kind == "BS" and isinstance(each, list)
            else for_boto(each)
            for kind, each in item.items()
        }
    return [for_boto(each) for each in item] if isinstance(item, list) else item


def what_fell(world: World, item: wild.Item, names: tuple[str, ...]) -> str:
    """Return what went wrong with a row of which these attributes are wild; empty where nothing did."""
    town = Town(world)
    before = town.sound_item()
    spoilt = before | {name: item[name] for name in names if name in item} | {"id": before["id"]}
    spoilt = {name: value for name, value in spoilt.items() if name in item or name not in names}
    town.spoil(spoilt)
    try:
        wrong = [f"{name} answers {status}" for name, status in town.meet(before, spoilt) if status >= 500]
    except Exception as error:
        return f"{type(error).__name__} escaped: {str(error)[:200]} {world.errors()[-300:]}"
    for role, desktop in town.seats.items():
        answer = world.join("sound", role)
        if answer.status_code != 200:
            wrong.append(f"the sound {role} gets {answer.status_code}")
        if desktop not in world.alive():
            wrong.append(f"the sound {role}'s desktop was ended")
    return "; ".join(wrong)


@pytest.mark.fuzz
def test_a_row_that_nobody_means_spoils_no_other(world: World) -> None:
    world.configure(DESKTOP_CLIENT="kit", DESKTOP_ROLE_ARN=ROLE_ARN)
    dice, got = fuzz.dice("rows gone wild"), Counter[str]()
    for number in range(ROWS):
        item = wild.spoilt(dice, {}, NOW)
        names = tuple(item)
        world.log.clear()
        if wrong := what_fell(world, item, names):
            for name in names:  # what it does not take to fall over
                rest = tuple(each for each in names if each != name)
                if rest and what_fell(world, item, rest):
                    names = rest
            told = json.dumps({name: item[name] for name in names})
            pytest.fail(f"row {number}: {what_fell(world, item, names) or wrong} with {told:.2000}")
        got["bad_row"] += bool(world.said("bad_row"))
    fuzz.tell(ROWS, got)
    assert got["bad_row"]
