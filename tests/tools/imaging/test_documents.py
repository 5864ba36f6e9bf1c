"""What an image is built from: documents by AWS's schema, scripts by real grammars, the template and what it grants."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import parliament  # type: ignore[import-untyped]
import pytest
import yaml  # type: ignore[import-untyped]
from cfnlint.decode.cfn_yaml import load as load_template

from tests.desktop.test_scripts import wrong
from tests.tools.imaging import awstoe
from tools.fast_launch import PARALLEL_LAUNCHES
from tools.images import parameter
from tools.imaging import content
from tools.imaging.installers import RUN, Installers
from tools.imaging.kit import Kit
from tools.stage import ROOT, Stage, load

FOLDER = ROOT / "desktop" / "image"
DOCUMENTS = sorted(FOLDER.glob("*.yaml"))
SYSTEMS = {"windows": "Windows", "linux": "Linux"}


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def system_of(path: Path) -> str:
    return SYSTEMS[path.stem.partition("-")[0]]


def commands(document: dict[str, Any]) -> list[str]:
    """Return what each step of a document runs, as the machine gets it: its lines one after the other."""
    steps = [step for phase in document["phases"] for step in phase["steps"]]
    return ["\n".join(step["inputs"]["commands"]) for step in steps if step["action"] in awstoe.COMMANDS]


@pytest.fixture(scope="module")
def template() -> str:
    return content.template()


@pytest.fixture(scope="module")
def stage() -> Stage:
    return load("dev")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_is_as_aws_schema_has_it(path: Path) -> None:
    assert len(DOCUMENTS) == 4
    assert list(awstoe.problems(yaml.safe_load(text(path)), text(path), system_of(path))) == []


@pytest.mark.parametrize(
    ("path", "spoilt", "why"),
    [
        ("schemaVersion: 1.0", "schemaVersion: 2.0", "schemaVersion is not 1.0"),
        ("action: S3Download", "action: S3Fetch", "there is no action S3Fetch"),
        ("algorithm: SHA256", "overwrites: true", "checksum and algorithm go together"),
        ("'{{ KitDigest }}'", "'{{ KitDigset }}'", "refers to nothing that is declared"),
        ("timeoutSeconds: 60", "timeoutSeconds: 0", "neither -1 nor more than 0"),
        ("- name: MakeFolder", "- name: FetchKit", "each name once"),
        ("- name: build", "- name: built", "its phases are"),
        ("action: ExecutePowerShell", "action: ExecuteBash", "is not there on Windows"),
        ("type: string", "type: number", "is no string"),
        ("        inputs:\n          - path: C:\\ElephantImage\n            overwrite: true\n", "", "has no inputs"),
    ],
)
def test_a_document_that_is_not_is_seen(path: str, spoilt: str, why: str) -> None:
    good = text(FOLDER / "windows-prepare.yaml")
    assert path in good
    bad = good.replace(path, spoilt)
    assert any(why in told for told in awstoe.problems(yaml.safe_load(bad), bad, "Windows"))


def test_a_document_that_is_too_long_is_seen() -> None:
    long = text(FOLDER / "linux-desktop.yaml") + "# " + "x" * awstoe.LONGEST
    assert any("characters" in told for told in awstoe.problems(yaml.safe_load(long), long, "Linux"))


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if system_of(path) == "Windows"], ids=lambda p: p.stem)
def test_what_a_document_runs_on_windows_is_powershell(path: Path) -> None:
    found = commands(yaml.safe_load(text(path)))
    assert found
    assert [problem for command in found for problem in wrong(command)] == []
    assert all("exit $LASTEXITCODE" in command or "throw" in command for command in found)  # no failure is passed over


@pytest.mark.parametrize("path", sorted((FOLDER / "windows").glob("*.ps1")), ids=lambda path: path.name)
def test_a_script_is_powershell_as_windows_has_it(path: Path) -> None:
    script = text(path)
    assert wrong(script) == []
    assert script.isascii()
    assert "$ErrorActionPreference = 'Stop'" in script
    assert not re.search(r"\?\?|\?\.|&&|\|\||-Parallel\b", script)


@pytest.mark.parametrize("path", sorted((FOLDER / "linux").glob("*.sh")), ids=lambda path: path.name)
def test_a_script_is_bash(path: Path) -> None:
    told = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")


def test_what_a_document_runs_on_linux_is_bash() -> None:
    for path in DOCUMENTS:
        for command in commands(yaml.safe_load(text(path))) if system_of(path) == "Linux" else ():
            told = subprocess.run(["bash", "-n"], input=command, capture_output=True, text=True, check=False)
            assert told.stderr == ""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_script_that_a_document_runs_is_in_the_kit(path: Path) -> None:
    named = re.findall(r"(desktop[/\\]image[/\\]\w+[/\\][\w.]+)", text(path))
    assert named
    assert [name for name in named if not (ROOT / name.replace("\\", "/")).is_file()] == []


@pytest.mark.parametrize("system", SYSTEMS.values())
def test_both_systems_are_built_proved_and_rehearsed_in_the_same_steps(system: str) -> None:
    other = {"Windows": "linux", "Linux": "windows"}[system]
    for part in ("prepare", "desktop"):
        mine, theirs = (yaml.safe_load(text(FOLDER / f"{who}-{part}.yaml")) for who in (system.lower(), other))
        steps = [[(p["name"], s["name"]) for p in d["phases"] for s in p["steps"]] for d in (mine, theirs)]
        assert [step for step in steps[0] if step[1] != "FetchPython"] == [
            step for step in steps[1] if step[1] != "FetchPython"
        ]
        if part == "desktop":
            assert [phase["name"] for phase in mine["phases"]] == ["build", "validate", "test"]


def test_what_is_run_of_the_operators_is_what_the_tool_says() -> None:
    windows, linux = (text(FOLDER / name) for name in ("windows/installers.ps1", "linux/installers.sh"))
    assert set(re.findall(r"^    '(\.\w+)' \{", windows, re.M)) == set(RUN["Windows"])
    assert {f".{ending}" for ending in re.findall(r"^  \*\.(\w+)\)", linux, re.M)} == set(RUN["Linux"])


def test_the_template_is_in_order_and_small_enough_to_be_sent(template: str, tmp_path: Path) -> None:
    assert len(template.encode()) < 51_200
    assert not re.search("^ +Data: desktop/", template, re.M)
    path = tmp_path / "image.yaml"
    path.write_text(template)
    code = "import sys; from cfnlint.runner import main; sys.exit(main())"
    arguments = ["--regions", "us-west-2", "--template", str(path)]
    told = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")


def test_documents_arrive_as_they_are_written(template: str) -> None:
    resources = load_template_text(template)["Resources"]
    found = {name: made["Properties"]["Data"] for name, made in resources.items() if "Data" in made["Properties"]}
    assert {name: text.strip() for name, text in found.items()} == {
        "".join(part.title() for part in path.stem.split("-")): text(path).strip() for path in DOCUMENTS
    }


def load_template_text(template: str) -> dict[str, Any]:
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(template)
        file.flush()
        found: dict[str, Any] = load_template(file.name)
    return found


def test_the_template_takes_what_the_tool_gives_and_nothing_is_left_out(template: str, stage: Stage) -> None:
    given = content.parameters(stage, "ami-0", Kit(b"", "d"), Installers(), body=template)
    assert set(given) == set(load_template_text(template)["Parameters"])


def test_each_component_is_given_the_parameters_that_its_document_has_no_default_for(template: str) -> None:
    resources = load_template_text(template)["Resources"]
    used = resources["Recipe"]["Properties"]["Components"]
    for at, part in ((0, "Prepare"), (2, "Desktop")):
        given = {each["Name"] for each in used[at]["Parameters"]}
        for system in SYSTEMS.values():
            declared = yaml.safe_load(resources[f"{system}{part}"]["Properties"]["Data"])["parameters"]
            assert given == {name for each in declared for name, told in each.items() if "default" not in told}


def test_what_the_machines_of_a_build_may_do_is_sound_and_reaches_nothing_of_the_app(template: str) -> None:
    role = load_template_text(template)["Resources"]["BuilderRole"]["Properties"]
    [policy] = role["Policies"]
    document = json.loads(json.dumps(policy["PolicyDocument"], default=str))
    for statement in document["Statement"]:
        resource = json.dumps(statement["Resource"])
        ends = "/*" if "*" in resource else ""
        statement["Resource"] = f"arn:aws:s3:::assets{ends}"
    findings = parliament.analyze_policy_string(json.dumps(document)).findings
    assert [str(finding) for finding in findings] == []
    assert {action for statement in document["Statement"] for action in [statement["Action"]]} == {
        "s3:GetObject",
        "s3:ListBucket",
    }
    managed = {arn["Fn::Sub"].rpartition("/")[2] for arn in role["ManagedPolicyArns"]}
    assert managed == {"AmazonSSMManagedInstanceCore", "EC2InstanceProfileForImageBuilder"}


def test_machines_of_a_build_are_taken_for_no_desktops_and_need_a_token(template: str) -> None:
    infrastructure = load_template_text(template)["Resources"]["Infrastructure"]["Properties"]
    assert not {"Project", "Stage", "MeetingID"} & set(infrastructure["ResourceTags"])
    assert infrastructure["InstanceMetadataOptions"]["HttpTokens"] == "required"


def test_an_image_is_tagged_and_recorded_where_a_deploy_looks(template: str, stage: Stage) -> None:
    [distribution] = load_template_text(template)["Resources"]["Distribution"]["Properties"]["Distributions"]
    tags = distribution["AmiDistributionConfiguration"]["AmiTags"]
    assert {"Project", "Stage", "Version", "Protocol", "Content"} == set(tags)
    [recorded] = distribution["SsmParameterConfigurations"]
    assert recorded["ParameterName"]["Fn::Sub"].replace("${Stage}", "dev") == parameter(stage)
    launch = distribution["FastLaunchConfigurations"]["Fn::If"][1][0]
    assert launch["MaxParallelLaunches"] == PARALLEL_LAUNCHES


def test_the_bucket_is_private_encrypted_and_clears_what_was_never_finished(template: str) -> None:
    bucket = load_template_text(template)["Resources"]["Assets"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert any("AbortIncompleteMultipartUpload" in rule for rule in bucket["LifecycleConfiguration"]["Rules"])


@pytest.mark.parametrize("path", sorted((FOLDER / "windows").glob("*.ps1")), ids=lambda path: path.name)
def test_no_variable_is_written_in_two_ways(path: Path) -> None:
    """To PowerShell they are one, so that a value is put where a parameter stands, whose type it has not."""
    spelt: dict[str, set[str]] = {}
    for name in re.findall(r"\$(?:script:)?([A-Za-z]\w*)", text(path)):
        spelt.setdefault(name.lower(), set()).add(name)
    assert [names for names in spelt.values() if len(names) > 1] == []


def test_no_step_of_ours_runs_sysprep() -> None:
    """Image Builder does, once all of it is installed; a second time would break the image."""
    scripts = [text(path) for path in FOLDER.rglob("*") if path.is_file()]
    assert not any("sysprep" in script.lower() for script in scripts)


def test_on_machines_that_prepare_the_image_the_boot_script_comes_to_its_end_before_it_changes_anything() -> None:
    boot = text(ROOT / "desktop" / "windows" / "boot.ps1")
    before, _, after = boot.partition("if (-not $instance -or -not $meeting) {")
    assert after.lstrip().startswith("Write-Output")
    assert "exit 0" in after[:200]
    changes = re.compile(r"^\s*(New-LocalUser|Set-LocalUser|Set-Value|New-NetFirewallRule|Set-LogonSecret)\b", re.M)
    outside_functions = re.sub(r"^function .*?^\}", "", before, flags=re.M | re.S)
    assert not changes.search(outside_functions)
