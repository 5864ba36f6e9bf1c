"""What is told of a build: what each phase does, what the machines say in their log, and what to do when it failed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from tools.errors import is_denied, passes
from tools.imaging.builds import GOING_ON, Build, Builds, Step
from tools.stage import StageError

PHASES = {
    "PENDING": "waits for its turn",
    "CREATING": "is being set up",
    "BUILDING": "a machine of its own gets the kit, DCV, the agent and your installers; then its disk is copied. An "
    "hour for Windows, half of it for Linux",
    "TESTING": "another machine is started from the new image, restarts once, and rehearses a meeting; half an hour",
    "DISTRIBUTING": "the image gets its name and its tags, and the stage's parameter names it",
    "INTEGRATING": "other services are told",
}
"""What happens in each state of a build."""

POLL_S = 20.0
_PATIENCE = 30  # polls in a row without an answer
_OURS = re.compile(r"(?:elephant|rehearsal): .*")
_KEPT = 15

Say = Callable[[str], object]


@dataclass
class Follower:
    """Follows a build to its end, telling what changes. `again` is the command that follows it anew."""

    builds: Builds
    say: Say
    again: str
    _status: str = ""
    _steps: dict[str, str] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _tail: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _blind: set[str] = field(default_factory=set)
    _last: Step | None = None

    def follow(self, arn: str) -> Build:
        """Return the build as it ended.

        Raises:
            StageError: AWS has not answered for ten minutes; the build goes on all the same.
        """
        unanswered = 0
        while True:
            try:
                build = self.builds.look(arn)
                unanswered = 0
            except (ClientError, BotoCoreError) as error:
                if isinstance(error, ClientError) and not passes(error):
                    raise
                unanswered += 1
                if unanswered == 1:
                    self.say(f"AWS does not answer ({error}); it is asked again")
                if unanswered >= _PATIENCE:
                    raise StageError(
                        f"AWS has not answered for {POLL_S * _PATIENCE / 60:.0f} minutes: {error} The build goes on by "
                        f"itself; to follow it again: {self.again}"
                    ) from error
                self.builds.sleep(POLL_S)
                continue
            self._tell(build)
            if build.status not in GOING_ON:
                return build
            self.builds.sleep(POLL_S)

    def why(self, build: Build) -> str:
        """Return why a build has failed, and what to do about it, for people to read."""
        if build.status == "CANCELLED":
            return f"The build was cancelled; nothing that works was touched. Another one: {self.again}"
        failed = self._last
        told = [f"The build failed: {build.reason.rstrip('.') or 'Image Builder gives no reason'}."]
        if failed:
            more = f": {failed.message.rstrip('.')}" if failed.message and failed.message not in build.reason else ""
            told.append(f"It failed in {failed.name}, of the part {failed.kind.lower()}{more}.")
        told.append(_remedy(build, failed, [*self._tail]))
        text = " ".join(told)
        if self._tail:
            text += "\nThe last that its machines have logged:\n" + "\n".join(f"  {line}" for line in self._tail)
        place = f"{build.log_group}, stream {build.log_stream}"
        text += f"\nThe whole log is in CloudWatch: {place}. Desktops go on with the image that they have; nothing "
        return text + f"else was touched. Once that is repaired: {self.again}"

    def _tell(self, build: Build) -> None:
        if build.status != self._status:
            self._status = build.status
            if what := PHASES.get(build.status):
                self.say(f"{build.status.lower()}: {what}")
        self._unless_blind("its steps", lambda: self._tell_steps(build))
        self._unless_blind("its log", lambda: self._tell_lines(build))

    def _unless_blind(self, what: str, tell: Callable[[], None]) -> None:
        """Tell something that is not needed to follow a build; what may not be read is said once."""
        if what in self._blind:
            return
        try:
            tell()
        except ClientError as error:
            if passes(error):
                return  # the next poll asks again
            if not is_denied(error):
                raise
            self._blind.add(what)
            self.say(f"These credentials may not read {what}, so less is told: {error}")
        except BotoCoreError as error:
            self.say(f"{what} could not be read this time: {error}")

    def _tell_steps(self, build: Build) -> None:
        for step in self.builds.steps(build.arn):
            if self._steps.get(step.id) == step.status:
                continue
            self._steps[step.id] = step.status
            if step.status == "FAILED":
                self._last = step
            if step.status in ("RUNNING", "COMPLETED", "FAILED"):
                self.say(f"  {step.kind.lower()}, {step.name}: {step.status.lower()}")

    def _tell_lines(self, build: Build) -> None:
        for line in self.builds.lines(build):
            if line.strip():
                self._tail.append(line.strip()[:300])
            for found in _OURS.findall(line):
                told = found.strip().rstrip('"')
                if told not in self._told:
                    self._told.add(told)
                    self.say(f"  {told}")


def _remedy(build: Build, failed: Step | None, tail: list[str]) -> str:
    """Return what to do about a build that failed, by where it did and by what is said of it."""
    said = " ".join([build.reason, failed.message if failed else "", *tail])
    kind, name = (failed.kind, failed.name.lower()) if failed else ("", "")
    if re.search(r"not authorized|AccessDenied|UnauthorizedOperation|kms:", said, re.IGNORECASE):
        return (
            "Somebody may not do what is named there. A customer key must admit AWSServiceRoleForImageBuilder in its "
            "policy; what your account forbids by its own policies must be allowed there."
        )
    if re.search(r"(rehearsal|elephant): FAILED", said):
        return (
            "The lines with FAILED say what does not hold, and which installer or setting it is: correct that. An "
            "installer is a file in the folder stages/<stage>.installers."
        )
    if kind == "TEST" and "launch" in name:
        return (
            "The new image was made, and a machine from it does not start, or Systems Manager does not hear it: an "
            "installer may have broken its network or its first boot. Build without your installers to see."
        )
    if "launch" in name or "SSM" in said:
        return (
            "The machine did not start, or Systems Manager did not hear it: its subnet must lead to the internet and "
            "give public addresses (desktops.subnets, or the default VPC), and desktops.instance_type must be offered "
            "there and within the quota."
        )
    if "sysprep" in name:
        return "Windows could not be generalised: an installer must not leave users or a pending restart behind."
    if kind == "DISTRIBUTION":
        return (
            "The image was built and passed its test, but could not be tagged, prepared or noted for the stage. With "
            "desktops.fast_launch = false fewer rights are needed."
        )
    return "What was at fault stands in the log."
