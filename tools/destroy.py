"""`python -m tools.destroy --stage dev`: remove a stage, leaving nothing, unless desktops are alive."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.control.ports import Dns
from chalicelib.domain.errors import ElephantError
from chalicelib.domain.model import PROJECT, DnsRecord
from tools import (
    bucket,
    fast_launch,
    images,
    inventory,
    kept_certificate,
    place,
    providers,
    recorded,
    records,
    tables,
    triggers,
)
from tools.account import Account, Clients, clients, enter
from tools.chalice import run_chalice
from tools.desktops import alive, refuse_while_alive
from tools.errors import ignore_not_found
from tools.imaging import removal
from tools.record import Record
from tools.site import Provider
from tools.stack import Stack
from tools.stage import FUNCTIONS, ROOT, Stage, StageError, load
from tools.terminal import say
from tools.turns import turn
from tools.wiring import roles


def main() -> int:
    """Destroy the stage that the command line names, after asking."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--yes", action="store_true", help="do not ask; the table and its meetings go too")
    arguments.add_argument("--leave-records", action="store_true", help="leave what is in the DNS zone where it is")
    arguments.add_argument("--leave-recordings", action="store_true", help="leave the recordings' bucket as it is")
    given = arguments.parse_args()
    try:
        stage = load(given.stage)
        if (
            not given.yes
            and input(f"This deletes {stage.stack} with its tables. Type the stage's name: ") != stage.name
        ):
            raise StageError("the name that was typed is not the stage's")
        client = clients(stage.region)
        account = enter(stage, client)
        found = destroy(stage, client, leave_records=given.leave_records, leave_recordings=given.leave_recordings)
    except (StageError, ElephantError, ClientError, BotoCoreError) as error:
        say(f"Not destroyed: {error}", sys.stderr)
        return 1
    print(f"Stage {stage.name} is gone." if found else f"There is nothing of stage {stage.name} in {stage.region}.")
    for line in images_left(stage, account, client):
        say(line)
    if given.leave_recordings:
        print(f"The bucket {bucket.made_name(stage, account)} was left, with what is in it, if there was one.")
    if given.leave_records:
        print(providers.of(stage).records_left(stage, account))
    return 0


def destroy(
    stage: Stage,
    client: Clients,
    root: Path = ROOT,
    *,
    leave_records: bool = False,
    leave_recordings: bool = False,
) -> bool:
    """Remove everything of a stage: functions first, so that nothing launches any more, then the rest.

    Returns whether there was anything. `root` is the copy of the project that it was deployed from. A bucket with
    recordings in it is removed never: it must be left, or emptied before.

    Raises:
        StageError: the stage is somewhere else, desktops are alive, recordings are kept, or something could not be
            removed; run it again then.
    """
    account = enter(stage, client)
    place.refuse_another(stage, account, root)
    stack = Stack(client, stage.stack)
    found = bool(remains(stage, client))
    if not leave_recordings:
        bucket.refuse_while_kept(stage, account, client)
    if not found and (elsewhere := roles.regions_of_stage(stage, client("iam")) - {stage.region}):
        raise StageError(
            f"there is nothing of stage {stage.name} in {stage.region}, but IAM has roles of it for "
            f"{', '.join(sorted(elsewhere))}. If that is the stage you mean, correct region in the file."
        )
    issued = _issued(stage, client)
    with turn(stage, account, client, table=stage.state_table, act="destroy"):
        _destroy(stage, account, stack, client, root, leave_records=leave_records)
    if not leave_recordings:
        found |= bucket.remove_made(stage, account, client)
    if left := remains(stage, client):
        raise StageError(f"still there: {', '.join(left)}. Run this again.")
    recorded.forget(stage, root / ".chalice")
    if issued:
        print(
            f"Cloudflare still lists the desktops' certificates of this stage: {', '.join(issued)}. Their keys went "
            "with the table, but whoever was administrator of a desktop may have a copy: revoke them at "
            "dash.cloudflare.com, SSL/TLS, Origin Server."
        )
    return found


def _issued(stage: Stage, client: Clients) -> list[str]:
    """Return the ids of the certificates that Cloudflare has issued for the stage and that were not revoked."""
    kept = None
    with ignore_not_found(), suppress(ValueError):  # ValueError: a hand has spoilt what tells of it
        kept = kept_certificate.facts(stage.state_table, client)
    return [each for each in (*kept.earlier, kept.issued_as) if each] if kept else []


def images_left(stage: Stage, account: Account, client: Clients) -> Iterator[str]:
    """Yield what to know of the images that were built for the stage: they stay, since others may launch from them."""
    left = images.own(stage, account, client)
    if not left:
        return
    most = sum(map(images.gib, left)) * images.GIB_MONTH
    yield (
        f"{len(left)} images that were built for it stay, with their snapshots, for at most ${most:.2f} a month: "
        f"another stage may launch from them, and a new stage {stage.name} would find the newest. The parameter "
        f"{images.parameter(stage)} stays with them. Where nobody wants one any more:"
    )
    yield from (f"  {images.removal(stage, image['ImageId'])}" for image in left)


def remains(stage: Stage, client: Clients) -> list[str]:
    """Return what there is of a stage in its Region, for people to read."""
    stack = [f"the stack {name}" for name in (stage.stack, f"{stage.stack}-image") if Stack(client, name).exists()]
    kinds = {
        "function": [stage.function(name) for name in inventory.functions(stage, client)],
        "role": roles.of_stage(stage, client("iam")),
        "rule": [rule["Name"] for rule in triggers.rules(stage, client)],
        "API": inventory.apis(stage, client),
        "table": tables.there(tables.of_stage(stage, client), client),
        "desktop": alive(stage, client),
    }
    return stack + [f"the {kind} {name}" for kind, names in kinds.items() for name in names]


def _destroy(stage: Stage, account: Account, stack: Stack, client: Clients, root: Path, *, leave_records: bool) -> None:
    record, provider = Record(stage, root), providers.of(stage)
    refuse_while_alive(stage, client)
    removal.refuse_while_building(stage, client)
    deployed = inventory.environment(stage, client).get("AMI_ID", "")
    zone_id = inventory.environment(stage, client).get("ZONE_ID", stage.zone_id)
    if not leave_records and zone_id != stage.zone_id:
        raise StageError(
            f"the records of stage {stage.name} are in the zone {zone_id}, and its file names {stage.zone_id}. Write "
            f'zone_id = "{zone_id}" in stages/{stage.name}.toml again, with the domain that goes with it.'
        )
    zone = None if leave_records else provider.zone(stage, client, account)
    if zone:
        _told_apart(zone, stage, provider, client)  # before anything is removed: later there is no way back
    record.bring_up([])  # without roles: Chalice fails over those that have more policies than it knows
    if record.exists():
        run_chalice(stage, "delete", root=root)
    _remove_found(stage, client)
    refuse_while_alive(stage, client)
    if zone:
        own, others = _told_apart(zone, stage, provider, client)
        zone.withdraw(own)
        if others:
            print(
                f"{len(others)} records bear the stage's name alone, as version 0.1.0 marked them, and no desktop or "
                f"meeting of the stage knows them. They may be another installation's, so they stay: "
                f"{', '.join(record.name for record in others)}"
            )
    provider.remove(stage, client)
    names = tables.of_stage(stage, client)
    names += [stack.outputs()["TableName"]] if stack.exists() and "TableName" in stack.outputs() else []
    tables.release(names, client)
    fast_launch.unwire(
        replace(stage, ami_id=stage.ami_id or deployed),
        client,
        [image["ImageId"] for image in images.own(stage, account, client)],
    )
    removal.remove(stage, client)
    stack.down()
    tables.delete(names, client)
    _remove_groups(stage, client("ec2"))
    for function in FUNCTIONS:
        with ignore_not_found():
            client("logs").delete_log_group(logGroupName=stage.log_group(function))


def _told_apart(
    zone: Dns, stage: Stage, provider: Provider, client: Clients
) -> tuple[list[DnsRecord], list[DnsRecord]]:
    """Return whatever in the zone still is the stage's, and what bears its name and may be another installation's.

    Raises:
        StageError: that cannot be told.
    """
    try:
        marked = zone.owned()
        own = records.own(marked, tables.of_stage(stage, client), stage, client)
    except ElephantError as error:
        raise StageError(
            f"{error} So the records of stage {stage.name} cannot be withdrawn from the zone {stage.zone_id}. "
            f"{provider.how_to_regain_access(stage)}, or leave the records where they are: "
            f"{sys.executable} -m tools.destroy --stage {stage.name} --leave-records"
        ) from error
    return own, [record for record in marked if record not in own]


def _remove_found(stage: Stage, client: Clients) -> None:
    """Remove what Chalice has no record of here: found by name, so that a stage can be destroyed from anywhere."""
    functions, events, gateway = client("lambda"), client("events"), client("apigateway")
    for mapping in triggers.mappings(stage, client):
        with ignore_not_found():
            functions.delete_event_source_mapping(UUID=mapping)
    for api in inventory.apis(stage, client):
        with ignore_not_found():
            gateway.delete_rest_api(restApiId=api)
    for name in FUNCTIONS:
        with ignore_not_found():
            functions.delete_function(FunctionName=stage.function(name))
    for role in roles.of_stage(stage, client("iam")):
        roles.remove(role, client("iam"))
    for rule in triggers.rules(stage, client):
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if targets:
            events.remove_targets(Rule=rule["Name"], Ids=[target["Id"] for target in targets])
        events.delete_rule(Name=rule["Name"])


def _remove_groups(stage: Stage, ec2: Any) -> None:
    """Remove the security groups that the stack had made before its present one, for desktops that lived then."""
    own = {"tag:Project": PROJECT, "tag:Stage": stage.name, "group-name": f"{stage.stack}-desktop"}
    filters = [{"Name": name, "Values": [value]} for name, value in own.items()]
    for group in ec2.describe_security_groups(Filters=filters)["SecurityGroups"]:
        ec2.delete_security_group(GroupId=group["GroupId"])


if __name__ == "__main__":
    sys.exit(main())
