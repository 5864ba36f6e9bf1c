"""Where a stage is: its Region and account, as this copy of the project last saw it.

A stage does not move. With another Region in its file, or credentials for another account, every tool would look in
a place where nothing is, and take that for a stage that is still to be made, or gone already.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.account import Account, NoEntry
from tools.stage import ROOT, Stage

_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:([a-z0-9-]+):([0-9]{12}):")


@dataclass(frozen=True, slots=True)
class Place:
    """A Region of an account."""

    region: str
    account: str

    def __str__(self) -> str:
        return f"{self.region} of account {self.account}"


def recorded(stage: Stage, root: Path = ROOT) -> Place | None:
    """Return where the stage was when it was last deployed from here; None where it never was.

    Releases before 0.2.0 did not write that down; the names of what they deployed say it.
    """
    own, chalices = _path(stage, root), root / ".chalice" / "deployed" / f"{stage.name}.json"
    if own.exists():
        return Place(**json.loads(own.read_text(encoding="utf-8")))
    if chalices.exists() and (found := _named_in(chalices.read_text(encoding="utf-8"))):
        return found
    # Before the first deploy of a stage the configuration is a sample, and its names are nobody's.
    if (root / ".chalice" / stage.name).exists():
        config = json.loads((root / ".chalice" / "config.json").read_text(encoding="utf-8"))
        part = config["stages"].get(stage.name) or {}
        return _named_in(part.get("environment_variables", {}).get("STREAM_ARN", ""))
    return None


def refuse_another(stage: Stage, account: Account, root: Path = ROOT) -> None:
    """Refuse to do anything with the stage where it is not.

    Raises:
        NoEntry: it is in another Region or account than the file and the credentials lead to.
    """
    there, here = recorded(stage, root), Place(stage.region, account.id)
    if there in (None, here):
        return
    file = f"stages/{stage.name}.toml"
    back = [f'write region = "{there.region}" in {file} again'] if there.region != here.region else []
    back += [f"set AWS_PROFILE to a profile of account {there.account}"] if there.account != here.account else []
    raise NoEntry(
        f"stage {stage.name} is in {there}, and its file and the credentials lead to {here}; nothing was changed",
        f"{' and '.join(back)}. A stage does not move: for a stage in {here} copy {file} to another name. Where the "
        f"one in {there} is not wanted any more, destroy it there, once its meetings are over",
    )


def keep(stage: Stage, account: Account, root: Path = ROOT) -> None:
    """Remember that the stage is here, before anything of it is made."""
    path, here = _path(stage, root), Place(stage.region, account.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(here), indent=2) + "\n", encoding="utf-8")


def regions_of(policies: Iterable[Any]) -> set[str]:
    """Return the Regions that policies name in their ARNs."""
    return {region for policy in policies for region, _ in _ARN.findall(json.dumps(policy))}


def _named_in(text: str) -> Place | None:
    """Return the place that the ARNs in a text name, where it is one."""
    places = {Place(*found) for found in _ARN.findall(text)}
    return places.pop() if len(places) == 1 else None


def _path(stage: Stage, root: Path) -> Path:
    return root / ".chalice" / "deployed" / f"{stage.name}.place.json"
