"""`python -m tools.upgrade --stage dev [--version 1.1.0]`: another release of Elephant, merged here and deployed.

What is the operator's stays: their stages, and whatever else they have changed, on the branch that is checked out. The
difference between the release that is here and the wanted one comes as one commit on it, forwards or backwards alike.
Nothing is remembered: whenever this was stopped, it is simply run again.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from botocore.exceptions import BotoCoreError, ClientError
from packaging.version import InvalidVersion, Version

from tools import indexes
from tools.account import clients
from tools.stage import ROOT, StageError, load
from tools.terminal import say
from tools.version import version

_WRITTEN = ".chalice/"
"""What a deploy writes lies here; the operator's branch keeps it."""

Run = Callable[[list[str]], int]
"""Runs a command in the project's folder, with its words shown, and returns its exit code."""


def main() -> int:
    """Upgrade the stage that the command line names; return 0 where it is then ready for meetings."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument(
        "--version", default="", help="a release, be it an older one; the newest where none is named"
    )
    given = arguments.parse_args()

    def beside(template: str) -> None:
        stage = load(given.stage)
        if made := indexes.beside(stage, template, clients(stage.region)):
            say(f"· the table has the indexes of the older version beside its own: {', '.join(made)}")

    try:
        load(given.stage)
        return upgrade(given.stage, given.version, Copy(ROOT), _run, beside)
    except (StageError, ClientError, BotoCoreError) as error:
        say(f"Not upgraded: {error}", sys.stderr)
        return 1


def _run(command: list[str]) -> int:
    return subprocess.call(command, cwd=ROOT)  # noqa: S603  make, of this project


def upgrade(stage: str, wanted: str, copy: Copy, run: Run, beside: Callable[[str], None]) -> int:
    """Bring this copy of the project to a release and deploy a stage with it; return the deploy's exit code.

    `beside` makes the indexes of an older version's template beside those that stand: its deploy only has to drop.

    Raises:
        StageError: nothing could be merged, or not without the operator; nothing was deployed.
    """
    copy.keep_what_deploys_wrote()
    copy.refuse_changes()
    copy.fetch()
    here = Version(version(copy.root))
    target = copy.release(wanted)
    if target == here:
        say(f"This copy is at {here} already, the {'wanted' if wanted else 'newest'} release.")
    else:
        say(f"From {here} to {target}:")
        for line in news(
            copy.show(target, "CHANGELOG.md") if target > here else copy.read("CHANGELOG.md"), here, target
        ):
            say(line)
        if target < here:
            beside(copy.show(target, "infra/template.yaml"))
        copy.go_to(target, here)
        say(f"· this copy is at {target}. To go back: make upgrade STAGE={stage} VERSION={here}")
    code = run(["make", "deploy", f"STAGE={stage}"])  # a process of that version, which installs what it needs first
    copy.keep_what_deploys_wrote(f"Stage {stage} on {target}")
    if code:
        say(f"The deploy has ended with an error; its words are above. Repair that, and run make deploy STAGE={stage}.")
    return code


def news(changelog: str, here: Version, target: Version) -> Iterator[str]:
    """Yield the headings of what a changelog says between two versions; what goes away where the target is older."""
    low, high = sorted((here, target))
    sign, told = "−" if target < here else "+", False
    for line in changelog.splitlines():
        if found := re.match(r"## \[([^\]]+)\]", line):
            told = (at := _version(found[1])) is not None and low < at <= high
        if told and line.startswith("## "):
            yield f"  {sign} {line[3:]}"
        elif told and line.startswith("### "):
            yield f"      {line[4:]}"


def _version(text: str) -> Version | None:
    try:
        return Version(text.removeprefix("v"))
    except InvalidVersion:
        return None


class Copy:
    """This copy of the project, as git knows it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _git(self, *arguments: str, root: Path | None = None) -> str:
        """Return what git prints.

        Raises:
            StageError: with its words where it refuses.
        """
        try:
            command = ["git", "-C", str(root or self.root), *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  git, with our words
        except FileNotFoundError:
            raise StageError("there is no git on this machine; install it.") from None
        if done.returncode:
            words = (done.stderr or done.stdout).strip()
            raise StageError(f"git {arguments[0]} refuses: {words}")
        return done.stdout

    def read(self, path: str) -> str:
        """Return a file of this copy."""
        return (self.root / path).read_text(encoding="utf-8")

    def show(self, release: Version, path: str) -> str:
        """Return a file as it is in a release."""
        return self._git("show", f"{self._tag(release)}:{path}")

    def fetch(self) -> None:
        """Fetch the releases that there are by now."""
        self._git("fetch", "--quiet", "--tags", "origin")

    def refuse_changes(self) -> None:
        """Refuse to go on where files are changed and not committed: they could be lost.

        Raises:
            StageError: it names them.
        """
        changed = [line[3:] for line in self._git("status", "--porcelain", "--untracked-files=no").splitlines()]
        if changed:
            named = f"{', '.join(changed[:5])}{' and more' if len(changed) > 5 else ''}"
            raise StageError(
                f"{named} are changed here and not committed. "
                "Commit them to your branch (git commit --all), or take the changes back (git restore <file>)."
            )

    def keep_what_deploys_wrote(self, message: str = "What a deploy has written") -> None:
        """Commit what a deploy has written over files that the branch holds; nothing where it holds none."""
        if self._git("status", "--porcelain", "--untracked-files=no", "--", _WRITTEN):
            self._git("commit", "--quiet", "--message", message, "--", _WRITTEN)

    def _tags(self) -> dict[Version, str]:
        found = ((_version(tag), tag) for tag in self._git("tag", "--list", "v*").split())
        return {each: tag for each, tag in found if each}

    def _tag(self, release: Version) -> str:
        return self._tags()[release]

    def release(self, wanted: str) -> Version:
        """Return the release that is wanted, the newest where none is named.

        Raises:
            StageError: there is no such one.
        """
        releases = sorted(self._tags())
        final = [each for each in releases if not each.is_prerelease]
        if not wanted and final:
            return final[-1]
        if (named := _version(wanted)) in releases and named:
            return named
        listed = ", ".join(map(str, releases)) or "none"
        raise StageError(f"there is no release {wanted or 'at all'}; those that there are: {listed}.")

    def go_to(self, target: Version, here: Version) -> None:
        """Bring what a release changes against the present one to this branch, as one commit; keep the rest.

        It is made beside this copy, which is then brought to it at once: who stops this finds the copy as it was.

        Raises:
            StageError: the operator has changed what the release removes, or git refuses; nothing was changed.
        """
        tags = self._tags()
        tag = tags[target]
        base = tags.get(here) or self._git("merge-base", "HEAD", tag).strip()
        self._git("worktree", "prune")
        with TemporaryDirectory() as folder:
            beside = Path(folder) / "elephant"
            self._git("worktree", "add", "--quiet", "--detach", str(beside), "HEAD")
            try:
                self._merge(beside, base, tag)
                self._git("commit", "--quiet", "--allow-empty", "--message", f"Elephant {target}", root=beside)
                made = self._git("rev-parse", "HEAD", root=beside).strip()
            finally:
                self._git("worktree", "remove", "--force", str(beside))
        self._git("merge", "--quiet", "--ff-only", made)

    def _merge(self, beside: Path, base: str, tag: str) -> None:
        try:
            self._git("merge-recursive", "--ours", base, "--", "HEAD", tag, root=beside)
        except StageError as error:
            conflicts = sorted(set(self._git("diff", "--name-only", "--diff-filter=U", root=beside).split()))
            raise StageError(
                f"{', '.join(conflicts) or 'something'} is changed on your branch, and the release has removed or "
                f"renamed it. Take your change back there (git checkout {base} -- <file>, and commit), and run this "
                f"again. ({error})"
            ) from error


if __name__ == "__main__":
    sys.exit(main())
