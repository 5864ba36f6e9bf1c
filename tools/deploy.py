"""`python -m tools.deploy --stage dev`: from the operator's file to a running stage. Run again, it changes nothing."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from tools import build, doctor, policies, recorded, wiring
from tools.account import Account, Clients, clients, code_of, enter
from tools.grants import Names
from tools.stack import Stack, parameters
from tools.stage import ROOT, Stage, StageError, load


def main() -> int:
    """Deploy the stage that the command line names; return 0 where it is then ready for meetings."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    try:
        stage = load(arguments.parse_args().stage)
        client = clients(stage.region)
        changes = deploy(stage, client)
    except (StageError, ClientError, BotoCoreError) as error:
        print(f"Not deployed: {error}", file=sys.stderr)
        return 1
    print(f"Stage {stage.name} is deployed; {', '.join(changes) or 'nothing had to be changed'}.")
    print(f"The API: {address(stage)}\n")
    return doctor.report(doctor.examine(stage, client))


def deploy(stage: Stage, client: Clients) -> list[str]:
    """Bring everything of a stage to what its file and the code say; return what had to be changed.

    Raises:
        StageError: something stands in the way; what was done before it stands.
    """
    changes = []
    account = enter(stage, client)
    stack = Stack(client, stage.stack)
    _say(f"stack {stage.stack} in {stage.region}, account {account.id}")
    if stack.up(parameters(stage), {"Project": "Elephant", "Stage": stage.name}):
        changes.append("the stack was brought up")
    outputs = stack.outputs()
    part = recorded.section(stage, outputs)
    if recorded.write(stage, part, policies.render(names(stage, account, outputs, client), policies.known_calls())):
        changes.append(".chalice/config.json and the policies were written")
    if _chalice(stage, client):
        changes.append("the functions were deployed")
    _say("what Chalice cannot say")
    return changes + wiring.wire(stage, outputs, client)


def names(stage: Stage, account: Account, outputs: Mapping[str, str], client: Clients) -> Names:
    """Return what the stage's policies are narrowed to.

    Raises:
        StageError: the instance profile does not exist or holds no role.
    """
    profile = outputs["InstanceProfile"]
    try:
        roles = client("iam").get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        roles = []
    if not roles:
        raise StageError(
            f"The instance profile {profile} does not exist or holds no role; name another one as "
            f"desktops.instance_profile in stages/{stage.name}.toml, or leave that empty to have one made."
        )
    return Names(
        account=account,
        stage=stage.name,
        table=outputs["TableName"],
        ami_id=stage.ami_id,
        desktop_role_arn=roles[0]["Arn"],
        security_groups=stage.security_groups or (outputs["SecurityGroup"],),
        key_name=stage.key_name,
    )


def _chalice(stage: Stage, client: Clients) -> bool:
    """Deploy the functions and the API, unless just these are deployed; return whether it did."""
    record = build.Record(stage)
    live = build.functions(stage, client)
    record.require(live)
    digest = build.digest(stage)
    if record.is_current(digest, live):
        return False
    _say("chalice deploy")
    run_chalice(stage, "deploy")
    record.keep(digest, build.functions(stage, client))
    return True


def run_chalice(stage: Stage, *words: str, root: Path = ROOT) -> None:
    """Run Chalice as people do, in a process of its own; it ships chalicelib whole, so without caches.

    Raises:
        StageError: it failed; what it said is on the terminal already.
    """
    for cache in (root / "chalicelib").rglob("__pycache__"):
        shutil.rmtree(cache)
    code = "import sys; from chalice.cli import main; sys.exit(main())"
    command = [sys.executable, "-B", "-c", code, *words, "--stage", stage.name]
    environ = os.environ | {"AWS_DEFAULT_REGION": stage.region, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, cwd=root, env=environ, check=False)  # noqa: S603  our own interpreter
    if done.returncode:
        raise StageError(f"`chalice {' '.join(words)} --stage {stage.name}` failed; its words above say why.")


def address(stage: Stage, root: Path = ROOT) -> str:
    """Return the address of the stage's API, as Chalice recorded it."""
    record = json.loads((root / ".chalice" / "deployed" / f"{stage.name}.json").read_text(encoding="utf-8"))
    return next(str(found["rest_api_url"]) for found in record["resources"] if found["resource_type"] == "rest_api")


def _say(step: str) -> None:
    print(f"· {step}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
