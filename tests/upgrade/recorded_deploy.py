"""Run inside a release's own e2e tests by `record`: what a deploy of it leaves in the operator's folder and in AWS."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from tests.e2e.outside import Deployed


def test_a_deploy_is_recorded(deployed: Deployed) -> None:
    chalice, name = deployed.project / ".chalice", deployed.stage.name
    config = json.loads((chalice / "config.json").read_text(encoding="utf-8"))
    function = deployed.client("lambda").get_function_configuration(FunctionName=f"elephant-{name}-sweep")
    found: dict[str, Any] = {
        "stage": name,
        "stage_file": (deployed.project / "stages" / f"{name}.toml").read_text(encoding="utf-8"),
        "part": config["stages"][name],
        "deployed": json.loads((chalice / "deployed" / f"{name}.json").read_text(encoding="utf-8")),
        "build": json.loads((chalice / "deployed" / f"{name}.build.json").read_text(encoding="utf-8")),
        "outputs": deployed.outputs,
        "environment": function["Environment"]["Variables"],
    }
    text = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:8787", json.dumps(found, indent=1, sort_keys=True))
    Path(os.environ["RECORD_INTO"]).write_text(text + "\n", encoding="utf-8")
