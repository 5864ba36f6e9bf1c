"""Chalice's package of what ships: what the lock holds, the stage's logo and nothing else; one commit, the same bytes.

Left alone, Chalice lets pip choose for the machine that deploys. What of that does not run on Lambda (most of what is
compiled, on a machine that is not Linux) it fetches again by name, without hashes; it builds what has no wheel, leaves
out what it cannot get with no more than a warning, and takes a package that was made earlier as it lies there. Its
zip follows the order and the permissions of this machine's files.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chalice.deploy import packager
from chalice.utils import OSUtils
from click import ClickException

_READABLE = 0o100644  # a file, which whoever runs the function may read


class Wheels(packager.DependencyBuilder):
    """Fetches the wheels that the lock holds, for Lambda, wherever it runs; pip holds each against its hashes."""

    def build_site_packages(self, abi: str, requirements_filepath: str, target_directory: str) -> None:
        """Fetch the wheels that fit Lambda and unpack them.

        Raises:
            ClickException: a release or its file is not as the lock has it; pip's words name it.
        """
        arguments = ["--require-hashes", "--only-binary", ":all:", "--requirement", requirements_filepath]
        arguments += ["--implementation", "cp", "--python-version", abi.removeprefix("cp"), "--abi", abi]
        for platform in self._get_pip_platforms(abi):
            arguments += ["--platform", platform]
        with TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder, *arguments]
            done = subprocess.run(command, text=True, capture_output=True, check=False)  # noqa: S603  our own pip
            if done.returncode:
                raise ClickException(
                    f"What ships could not be fetched as {Path(requirements_filepath).name} locks it, so nothing was "
                    f"uploaded. pip says:\n{done.stderr.strip()}\nAsk for another release in requirements.in and run "
                    "make lock, or see where this machine's files come from."
                )
            self._install_wheels(folder, target_directory, {packager.Package(folder, f) for f in os.listdir(folder)})


class Files(OSUtils):
    """Files in one order and with one permission, whatever this machine gives them."""

    def walk(self, path: str, followlinks: bool = False) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield folders and files by their names."""
        for folder, folders, files in super().walk(path, followlinks=followlinks):
            folders.sort()
            yield folder, folders, sorted(files)

    def stat(self, path: str) -> os.stat_result:
        """Return what the system says of a file, its permissions aside."""
        return os.stat_result((_READABLE, *super().stat(path)[1:]))


class Packager(packager.LambdaDeploymentPackager):
    """Makes the package anew each time: one that lies there may have been made without the lock."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts | {"osutils": Files()})
        self._chalices = packager.LambdaDeploymentPackager(**parts)

    def deployment_package_filename(self, project_dir: str, python_version: str) -> str:
        """Return where Chalice looks for the package, so that a plain `chalice deploy` afterwards takes this one."""
        path: str = self._chalices.deployment_package_filename(project_dir, python_version)
        return path

    def create_deployment_package(self, project_dir: str, python_version: str) -> str:
        """Return the path of the package."""
        Path(self.deployment_package_filename(project_dir, python_version)).unlink(missing_ok=True)
        path: str = super().create_deployment_package(project_dir, python_version)
        if logo := os.environ.get("OPERATOR_LOGO"):
            with self._osutils.open_zip(path, "a", self._osutils.ZIP_DEFLATED) as archive:
                archive.write(str(Path(project_dir, "stages", logo)), f"stages/{logo}")
        return path
