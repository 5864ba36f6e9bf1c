"""`python -m tools.image --stage dev [--force]`: build the desktops' image of a stage, test it, and record it.

A build goes on by itself in the account. Run again while it does, or after Ctrl-C, this follows it; run again when
nothing has changed since the newest image, it says so. No desktop gets a new image before the next deploy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep as pause
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.ec2.images import resolve
from chalicelib.domain.errors import ElephantError, LaunchRefused
from chalicelib.domain.model import PROJECT
from tools import images, lock, place, providers
from tools.account import Account, Clients, clients, enter
from tools.errors import is_denied
from tools.findings import as_aws_said
from tools.imaging import assets, content, installers, kit
from tools.imaging.builds import BUILT, Build, Builds
from tools.imaging.progress import Follower
from tools.site import Site
from tools.stack import Stack
from tools.stage import ROOT, Stage, StageError, load
from tools.terminal import say
from tools.version import version

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended, as shells have it."""

_RIGHTS = (
    "For an image the credentials need imagebuilder:*, and what infra/image.yaml lists: CloudFormation, S3, logs, "
    "IAM roles and profiles with iam:PassRole, security groups, ssm:GetParameters and ec2:DescribeImages."
)


def main() -> int:
    """Build the image of the stage that the command line names; return 0 where it then has one that is tested."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--force", action="store_true", help="build although nothing has changed")
    given = arguments.parse_args()
    building: list[str] = []
    try:
        stage = load(given.stage)
        return make(stage, clients(stage.region), force=given.force, building=building)
    except KeyboardInterrupt:
        again = f"make image STAGE={given.stage}"
        if building:
            cancel = f"aws imagebuilder cancel-image-creation --region {stage.region} --image-build-version-arn "
            say(f"\nThe build goes on by itself. To follow it again: {again}")
            say(f"To end it instead: {cancel}{building[-1]}")
        else:
            say(f"\nNothing is being built yet. It goes on from here: {again}")
        return INTERRUPTED
    except ClientError as error:
        say(f"No image: {error}{' ' + _RIGHTS if is_denied(error) else ''}", sys.stderr)
    except (StageError, ElephantError, BotoCoreError) as error:
        say(f"No image: {error}", sys.stderr)
    return 1


@dataclass
class Maker:
    """Makes the image of one stage. `building` notes the ARN of a build once there is one; `sleep` takes seconds."""

    stage: Stage
    account: Account
    client: Clients
    root: Path = ROOT
    building: list[str] = field(default_factory=list)
    sleep: Callable[[float], None] = pause

    def __post_init__(self) -> None:
        self.again = f"make image STAGE={self.stage.name}"
        self.stack = Stack(
            self.client,
            f"{self.stage.stack}-image",
            self.sleep,
            body=content.template(self.root),
            again=f"run {self.again} again",
        )

    def run(self, *, force: bool) -> int:
        """Follow a build that goes on, or make what is to be built and build it; return the exit code."""
        before = self.stack.current()
        if before.get("PipelineArn") and (found := self._builds(before["PipelineArn"]).running()):
            _say(f"a build of this stage goes on since {found.begun_at or 'a moment ago'}: it is followed")
            done = self._follow(found, before["PipelineArn"])
            if done or found.content == self._wanted()[0]["Version"]:
                return done
            say(f"The files here have changed since that build began. For an image of what they are now: {self.again}")
            return 0
        wanted, base, bundle, own = self._wanted()
        if not force and (same := self._same(wanted["Version"])):
            say(
                f"Nothing has changed since {same['ImageId']} was built on {same['CreationDate'][:10]}: the kit, your "
                f"installers, the image it began with and the settings are the same. {self._use(same['ImageId'])} To "
                f"build it again all the same, for instance with a newer DCV: {self.again} FORCE=1"
            )
            return 0
        _say(f"it begins with {base}; its content is version {wanted['Version']}")
        outputs = self._bring_up(wanted)
        assets.put(self.client("s3"), outputs["Bucket"], bundle, own, _say)
        builds = self._builds(outputs["PipelineArn"])
        arn = builds.start(wanted["Version"])
        return self._follow(builds.look(arn), outputs["PipelineArn"])

    def _wanted(self) -> tuple[dict[str, str], str, kit.Kit, installers.Installers]:
        """Return the stack's parameters, the image to begin with, the kit and the installers."""
        system = content.system(self.stage)
        own = installers.load(self.stage, system, self.root)
        bundle = kit.pack(self.root)
        base = self._base(system)
        subnet, vpc = self._where()
        body = content.template(self.root)
        wanted = content.parameters(self.stage, base, bundle, own, body=body, subnet=subnet, vpc=vpc)
        return wanted, base, bundle, own

    def _base(self, system: str) -> str:
        """Return the id of the image to begin with, as its public parameter has it today."""
        public = content.BASES[system]
        try:
            return resolve(self.client("ssm"), public)
        except LaunchRefused as error:
            if isinstance(said := as_aws_said(error), ClientError):
                raise said from error
            raise StageError(
                f"{self.stage.region} has no public parameter {public} that names an image of {system} to begin with: "
                f"is region in stages/{self.stage.name}.toml the one that is meant?"
            ) from error

    def _where(self) -> tuple[str, str]:
        """Return the subnet and VPC in which the machines are to be, both empty for the default VPC's own choice."""
        site = Site(self.stage, self.client, providers.of(self.stage))
        if self.stage.subnets:
            return self.stage.subnets[0], site.vpc
        if self.stage.vpc and self.stage.vpc != site.default_vpc:
            raise StageError(
                f"The machines of a build need a subnet of {self.stage.vpc}: name one that leads to the internet as "
                f"desktops.subnets in {site.file}."
            )
        if not site.default_vpc:
            raise StageError(
                f"{self.stage.region} has no default VPC, in which the machines of a build would be: name a subnet "
                f"that leads to the internet as desktops.subnets in {site.file}."
            )
        return "", ""

    def _same(self, wanted: str) -> dict[str, Any] | None:
        """Return the newest image where it was built from this content."""
        newest = images.built(self.stage, self.client)
        found = [image for image in images.own(self.stage, self.account, self.client) if image["ImageId"] == newest]
        return next((image for image in found if images.tags(image).get("Content") == wanted), None)

    def _bring_up(self, wanted: dict[str, str]) -> dict[str, str]:
        """Create or update the stack; one that was never made whole holds nothing, and is made anew."""
        if self.stack.was_never_made():
            _say("what is left of a pipeline that could not be made is taken away")
            self._empty()
            self.stack.down()
        self.stack.ready()  # says what to do where it can take no change
        _say(f"stack {self.stage.stack}-image in {self.stage.region}, account {self.account.id}")
        self.stack.up(wanted, {"Project": PROJECT, "Stage": self.stage.name, "Version": version()})
        return self.stack.outputs()

    def _empty(self) -> None:
        if bucket := self.stack.physical("Assets"):
            assets.empty(self.client("s3"), bucket)

    def _builds(self, pipeline: str) -> Builds:
        return Builds(self.client("imagebuilder"), self.client("logs"), pipeline, self.stage.region, self.sleep)

    def _follow(self, build: Build, pipeline: str) -> int:
        """Follow a build to its end and tell what came of it; return the exit code."""
        self.building.append(build.arn)
        _say(f"build {build.arn}; Ctrl-C leaves it going on")
        follower = Follower(self._builds(pipeline), _say, self.again)
        done = follower.follow(build.arn)
        if done.status != BUILT:
            say(f"No image: {follower.why(done)}", sys.stderr)
            return 1
        recorded = images.built(self.stage, self.client)
        if recorded != done.image:
            put = f"aws ssm put-parameter --region {self.stage.region} --name {images.parameter(self.stage)} "
            put += f"--data-type aws:ec2:image --type String --overwrite --value {done.image}"
            raise StageError(
                f"the image {done.image or 'of this build'} was built and passed its test, but the stage's parameter "
                f"names {recorded or 'nothing'}. To record it: {put}"
            )
        say(f"The image {done.image} is built, has passed its test, and is recorded for stage {self.stage.name}.")
        say(self._use(done.image))
        self._tell_older(done.image)
        return 0

    def _use(self, image: str) -> str:
        """Return what makes desktops have an image."""
        named = self.stage.ami_id
        file = f"stages/{self.stage.name}.toml"
        if named and named != image:
            return (
                f"Desktops have {named}, which {file} names; leave desktops.ami_id there empty, and make deploy "
                f"STAGE={self.stage.name} gives them the newest."
            )
        return f"make deploy STAGE={self.stage.name} lets new desktops have it; until then they have the one before."

    def _tell_older(self, newest: str) -> None:
        """Tell of the images that were built before: each costs its storage, and one of them may be in use."""
        older = [image for image in images.own(self.stage, self.account, self.client) if image["ImageId"] != newest]
        if older:
            most = sum(map(images.gib, older)) * images.GIB_MONTH
            say(
                f"{len(older)} older images of the stage stay, for at most ${most:.2f} a month together. Keep the one "
                f"that is deployed, and one to go back to; each of the others goes with: "
                f"{images.removal(self.stage, older[-1]['ImageId'])}"
            )


def make(
    stage: Stage,
    client: Clients,
    root: Path = ROOT,
    *,
    force: bool = False,
    building: list[str] | None = None,
    sleep: Callable[[float], None] = pause,
) -> int:
    """Build and record the stage's image, or follow the build that goes on; return 0 where it then has one.

    `root` is the copy of the project that is built from; `building` is told the build's ARN.

    Raises:
        StageError: something stands in the way; what was done before it stands.
    """
    if wrong := lock.problems(root, [lock.DESKTOPS]):
        raise StageError(" ".join(wrong))
    account = enter(stage, client)
    place.refuse_another(stage, account, root)
    return Maker(stage, account, client, root, building if building is not None else [], sleep).run(force=force)


def _say(step: str) -> None:
    say(f"· {step}" if not step.startswith(" ") else step)


if __name__ == "__main__":
    sys.exit(main())
