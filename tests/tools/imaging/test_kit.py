"""What goes into an image: the kit's bytes, the version they come to, and the operator's own installers."""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path

import pytest

from desktop import PROTOCOL
from tools.imaging import content, installers, kit
from tools.imaging.installers import Installers
from tools.stage import ROOT, Stage, StageError, load


@pytest.fixture
def stage() -> Stage:
    return load("dev")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "stages" / "dev.installers"
    made.mkdir(parents=True)
    return made


def test_the_same_files_are_the_same_bytes_whenever_they_were_written(tmp_path: Path) -> None:
    packed: list[kit.Kit] = []
    for name, names in (("a", ("one.py", "two.py")), ("b", ("two.py", "one.py"))):
        (tmp_path / name / "desktop" / "__pycache__").mkdir(parents=True)
        (tmp_path / name / "desktop" / "__pycache__" / f"{name}.pyc").write_text(name)
        for file in names:
            path = tmp_path / name / "desktop" / file
            path.write_text(file)
            path.chmod(0o600 if name == "a" else 0o755)
            os.utime(path, (len(name), 86_400 * len(packed)))
        packed.append(kit.pack(tmp_path / name))
    assert packed[0] == packed[1]


def test_the_kit_holds_the_agent_its_lock_and_what_installs_it() -> None:
    packed = kit.pack()
    names = zipfile.ZipFile(io.BytesIO(packed.zip)).namelist()
    assert {
        "desktop/__main__.py",
        "desktop/requirements.txt",
        "desktop/windows/install.ps1",
        "desktop/image/windows/prepare.ps1",
    } <= set(names)
    assert all(name.startswith("desktop/") and "__pycache__" not in name for name in names)
    assert packed.key == f"kit/{packed.digest}.zip"


def test_a_version_is_three_numbers_that_image_builder_takes(stage: Stage) -> None:
    seen = set()
    for number in range(50):
        found = content.parameters(stage, f"ami-{number}", kit.Kit(b"", "d"), Installers(), body="")["Version"]
        parts = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", found)
        assert parts
        assert all(int(part) < 2**30 for part in parts.groups())
        seen.add(found)
    assert len(seen) == 50


def test_the_image_bears_the_agent_s_protocol(stage: Stage) -> None:
    assert content.parameters(stage, "ami-0", kit.Kit(b"", "d"), Installers(), body="")["Protocol"] == str(PROTOCOL)


def test_without_a_folder_there_are_no_installers(stage: Stage, tmp_path: Path) -> None:
    assert installers.load(stage, "Windows", tmp_path) == Installers()


def test_installers_are_listed_by_name_as_sha256sum_writes_it(stage: Stage, tmp_path: Path, folder: Path) -> None:
    for name in ("20-fonts.msi", "10-browser.exe", "10-browser.exe.arguments", "settings.ini", ".DS_Store"):
        (folder / name).write_text(name)
    found = installers.load(stage, "Windows", tmp_path)
    assert [file.name for file, _ in found.files] == [
        "10-browser.exe",
        "10-browser.exe.arguments",
        "20-fonts.msi",
        "settings.ini",
    ]
    assert re.fullmatch(r"([0-9a-f]{64}  [\w.-]+\n){4}", found.manifest)
    before = found.prefix
    (folder / "settings.ini").write_text("other")
    assert installers.load(stage, "Windows", tmp_path).prefix != before


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("browser.deb", r"browser\.deb is run on no Windows, where \.msi, \.exe, \.ps1 are"),
        ("ä.msi", r"ä\.msi has a name that not every system can write"),
        ("manifest.txt", r"manifest\.txt has the name of a file that is put there"),
        ("fonts.msi.arguments", r"holds the arguments of fonts\.msi, which is not there"),
        ("folder/", "folder is no file"),
        ("empty.msi", r"empty\.msi is empty"),
    ],
)
def test_what_could_not_be_run_is_refused_before_anything_is_made(
    name: str, why: str, stage: Stage, tmp_path: Path, folder: Path
) -> None:
    if name.endswith("/"):
        (folder / name).mkdir()
    else:
        (folder / name).write_text("" if "empty" in name else "x")
    with pytest.raises(StageError, match=f"stages/dev.installers cannot be used.*{why}"):
        installers.load(stage, "Windows", tmp_path)


def test_a_file_in_the_folder_s_place_is_refused(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "dev.installers").write_text("")
    with pytest.raises(StageError, match="is a file, and must be the folder"):
        installers.load(stage, "Windows", tmp_path)


def test_the_documents_of_the_project_are_those_that_the_template_names() -> None:
    named = set(re.findall(r"Data: (desktop/image/[\w-]+\.yaml)", (ROOT / content.TEMPLATE).read_text()))
    assert named == {path.relative_to(ROOT).as_posix() for path in (ROOT / "desktop" / "image").glob("*.yaml")}
