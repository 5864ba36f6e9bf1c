"""A stage deployed to an emulator that runs its functions, streams, rules and timers, with IAM enforced.

What deploys it is what an operator runs, `python -m tools.deploy`, in a copy of the project.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest
from botocore.loaders import Loader

from localcloud import loopback
from localcloud.clock import RealClock
from localcloud.cloudflare import DOMAIN, TOKEN, ZONE_ID, Cloudflare
from localcloud.ledger import Ledger
from tests.e2e.outside import Deployed, run_tool, wait_for
from tools.account import clients
from tools.deploy import address
from tools.stack import Stack
from tools.stage import FUNCTIONS, ROOT, load

MINISTACK = os.environ.get("MINISTACK", "")
STAGE = "e2e"
WINDOWS = "ami-0fedcba9876543210"  # comes with the emulator
NEW_ACCOUNT = """
from botocore import client, exceptions

make = client.BaseClient._make_api_call

def refused(self, operation, parameters):
    if operation == "PutFunctionConcurrency":
        reply = {"Code": "InvalidParameterValueException", "Message": "UnreservedConcurrentExecution below its minimum"}
        raise exceptions.ClientError({"Error": reply}, operation)
    return make(self, operation, parameters)

client.BaseClient._make_api_call = refused
"""
"""Makes Lambda set no executions aside, as in a new account: Chalice is stopped half way."""
SHIPPED = (
    ".chalice",
    "app.py",
    "chalicelib",
    "desktop",
    "infra",
    "pyproject.toml",
    "requirements.in",
    "requirements.txt",
    "stages",
    "tools",
)

collect_ignore_glob = [] if MINISTACK else ["test_*.py"]  # make e2e names the emulator


def pytest_exception_interact(node: pytest.Item, report: pytest.TestReport) -> None:
    """Show what the functions logged under a test that failed; where the emulator fails to end, it is not asked."""
    deployed = getattr(node, "funcargs", {}).get("deployed")
    if isinstance(deployed, Deployed) and report.when == "call":
        report.sections += [(f"logged by {function}", deployed.log(function)) for function in FUNCTIONS]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator's address, while it runs; the access key `test` is the account's owner there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("emulator") / "log"
    environ = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environ |= {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AUTH": "true", **loopback.exempt(os.environ)}
    with log.open("w") as sink:
        process = subprocess.Popen(
            [MINISTACK, ROOT / "tests/e2e/emulator.py"], env=environ, stdout=sink, stderr=sink, cwd=log.parent
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: urllib.request.urlopen(f"{url}/_ministack/health").status == 200, 120, "the emulator")
        yield url
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="session")
def cloudflare() -> Iterator[Cloudflare]:
    """A zone that the deployed functions reach over HTTP."""
    zone = Cloudflare(RealClock(), Ledger())
    yield zone
    zone.stop()


@pytest.fixture(scope="session")
def environ(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What an operator's shell holds. Lambda's waiters ask every fifth of a second instead of every five."""
    models = tmp_path_factory.mktemp("models")
    waiters = Loader().load_service_model("lambda", "waiters-2")
    for waiter in waiters["waiters"].values():
        waiter["delay"] = 0.2
    version = Loader().determine_latest_version("lambda", "waiters-2")
    folder = models / "lambda" / version
    folder.mkdir(parents=True)
    (folder / "waiters-2.json").write_text(json.dumps(waiters))
    shell = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    shell |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": emulator,
        "AWS_DATA_PATH": str(models),
        "AWS_CONFIG_FILE": os.devnull,
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "1000",  # what is said is read by the line
        **loopback.exempt(os.environ),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in shell.items():
            patch.setenv(name, value)
        yield shell


@pytest.fixture(scope="session")
def deployed(environ: dict[str, str], cloudflare: Cloudflare, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """A stage that was deployed by the tool, at the second go, with its secret filled as the docs say."""
    project = tmp_path_factory.mktemp("project")
    for name in SHIPPED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, project / name)
    shutil.rmtree(project / ".chalice" / "deployed", ignore_errors=True)
    client = clients("us-west-2")
    sample = (project / "stages" / "dev.toml").read_text()
    ours = (
        sample.replace('ami_id = ""', f'ami_id = "{WINDOWS}"')
        .replace("0" * 32, ZONE_ID)
        .replace('"example.com"', f'"{DOMAIN}"')
        .replace('\nname = ""', '\nname = "Example Language School"')
        .replace('\ncontact = ""', '\ncontact = "privacy@example.com"')
        .replace("[environment]", f'[environment]\nCLOUDFLARE_API_URL = "{cloudflare.url}"')
    )
    (project / "stages" / f"{STAGE}.toml").write_text(ours)
    stopped = tmp_path_factory.mktemp("stopped")
    (stopped / "sitecustomize.py").write_text(NEW_ACCOUNT)
    done = run_tool(project, environ | {"PYTHONPATH": str(stopped)}, "tools.deploy", "--stage", STAGE)
    assert "it goes on from there" in done.stderr, done.stdout + done.stderr
    done = run_tool(project, environ, "tools.deploy", "--stage", STAGE)
    said = done.stdout + done.stderr
    assert f"Stage {STAGE} is deployed" in said, said
    stage = load(STAGE, project / "stages")
    outputs = Stack(client, stage.stack).outputs()
    token = json.dumps({"CLOUDFLARE_API_TOKEN": TOKEN})
    client("secretsmanager").put_secret_value(SecretId=outputs["DnsSecretName"], SecretString=token)
    api = address(stage, project).split("//")[1].split(".")[0]
    gateway = environ["AWS_ENDPOINT_URL"].replace("127.0.0.1", "localhost")  # no link may lead to an IP address
    url = f"{gateway}/restapis/{api}/{stage.name}/_user_request_"
    return Deployed(stage, project, environ, client, outputs, url, cloudflare, said)
