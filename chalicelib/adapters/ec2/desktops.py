"""Desktops on EC2: launched once per attempt, found by their tags, ended for good."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.ec2.images import Images
from chalicelib.adapters.ec2.refusals import Kind, code_of, kind_of, reporting
from chalicelib.adapters.ec2.request import deadline_tag, request, tags
from chalicelib.adapters.ec2.subnets import Subnets
from chalicelib.adapters.threads import Joined
from chalicelib.adapters.userdata import user_data
from chalicelib.domain.actions import Attempt
from chalicelib.domain.errors import AttemptSpent, LaunchRefused, NoCapacity, Unavailable
from chalicelib.domain.model import PROJECT, Desktop, Owner, State
from chalicelib.domain.rows import parse_time
from chalicelib.domain.seat import Role
from chalicelib.environment import DesktopSettings

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import FilterTypeDef, InstanceTypeDef

_PAGE = 1000
_KNOWN_AT_MOST = 4096
_IDS_IN_A_FILTER = 200
_IDS_IN_A_CALL = 1000


class Ec2Desktops:
    """The port `Desktops`. One instance lives as long as its container and remembers what is slow to change."""

    def __init__(
        self,
        client: EC2Client,
        launcher: Callable[[], EC2Client],
        stage: str,
        settings: Callable[[], DesktopSettings],
        clock: Callable[[], datetime],
        parameters: Callable[[], Any],
    ) -> None:
        """Take as factories what only a launch needs: its settings, a client that does not try again by itself, SSM's.

        EC2 says that a zone is full with a status that the SDK would retry.
        """
        self._client = client
        self._launcher = launcher
        self._stage = stage
        self._settings = settings
        self._subnets = Subnets(client, settings, clock)
        self._images = Images(client, parameters, clock)
        self._known: dict[str, Desktop] = {}
        self._ended_together = Joined(self._terminate)

    # --- looking

    def of_meeting(self, meeting_id: str, named: Collection[str]) -> list[Desktop]:
        """Return what EC2 shows of this meeting's desktops: those tagged with it, and those the row names."""
        tagged = [_tag_is("Project", PROJECT), _tag_is("MeetingID", meeting_id)]
        found = [desktop for page in self._describe(tagged) for desktop in page if desktop.meeting_id == meeting_id]
        rest = [name for name in named if name not in {desktop.id for desktop in found}]
        return found + self.named(rest)

    def named(self, desktop_ids: Collection[str]) -> list[Desktop]:
        """Return what EC2 shows of these instances as they are now, whosever they are."""
        found: list[Desktop] = []
        ids = sorted(desktop_ids)
        for start in range(0, len(ids), _IDS_IN_A_FILTER):
            some = ids[start : start + _IDS_IN_A_FILTER]
            found += [desktop for page in self._describe([_ids_are(some)]) for desktop in page if desktop.id in some]
        return found

    def find(self, desktop_id: str) -> Desktop | None:
        """Return this instance as it is now, None where EC2 shows none."""
        desktop = next(iter(self.named([desktop_id])), None)
        if len(self._known) >= _KNOWN_AT_MOST:
            self._known.clear()
        if desktop:
            self._known[desktop_id] = desktop
        return desktop

    def whose(self, desktop_id: str) -> Desktop | None:
        """Return this instance as it was when its tags were last read: enough to tell whose it is."""
        return self._known.get(desktop_id) or self.find(desktop_id)

    def fleet(self) -> Iterator[list[Desktop]]:
        """Yield every instance of the project and this stage, dead ones too, a page at a time."""
        for page in self._describe([_tag_is("Project", PROJECT)]):
            yield [desktop for desktop in page if desktop.owner is not Owner.FOREIGN]

    def _describe(self, filters: Sequence[FilterTypeDef]) -> Iterator[list[Desktop]]:
        paginator = self._client.get_paginator("describe_instances")
        with reporting("The instances could not be described"):
            for page in paginator.paginate(Filters=list(filters), PaginationConfig={"PageSize": _PAGE}):
                yield [
                    self._understand(instance)
                    for reservation in page["Reservations"]
                    for instance in reservation.get("Instances", [])
                ]

    def _understand(self, instance: InstanceTypeDef) -> Desktop:
        tags = {tag.get("Key"): tag.get("Value", "") for tag in instance.get("Tags", [])}
        owner = Owner.FOREIGN
        if tags.get("Project") == PROJECT and tags.get("Stage", self._stage) == self._stage:
            owner = Owner.OURS if "Stage" in tags else Owner.BY_HAND
        return Desktop(
            id=instance["InstanceId"],
            state=State(instance["State"]["Name"]),
            owner=owner,
            meeting_id=tags.get("MeetingID") or None,
            role=next((role for role in Role if role == tags.get("Role")), None),
            address=instance.get("PublicIpAddress"),
            launched_at=launched_at.astimezone(UTC) if (launched_at := instance.get("LaunchTime")) else None,
            deadline=_moment(tags.get("Deadline")),
            state_reason=_reason(instance),
        )

    # --- launching

    def subnets(self, after: str | None = None) -> list[str]:
        """Return the subnets to launch into, the best first; those that lately had no room come last.

        Where the launch before came to nothing, in the subnet `after`, another is tried first.
        """
        return self._subnets.best_first(after)

    def launch(
        self, meeting_id: str, attempt: Attempt, deadline: datetime, movable: tuple[datetime, datetime] | None = None
    ) -> Desktop:
        """Launch the desktop of this attempt, or return the one that it has launched already."""
        token = self._token(meeting_id, attempt)
        settings = self._settings()
        image = self._images.find(settings.ami_id)
        script = user_data(settings.guest, deadline, movable)
        asked = request(settings, image, attempt, tags(settings, self._stage, meeting_id, attempt, deadline), script)
        try:
            reply = self._launcher().run_instances(**asked, ClientToken=token)
        except ClientError as error:
            return self._refused(error, attempt, token)
        except BotoCoreError as error:
            raise Unavailable(f"EC2 did not answer the launch for the {attempt.role}: {error}") from error
        return self._understand(reply["Instances"][0])

    def _token(self, meeting_id: str, attempt: Attempt) -> str:
        """Return the token of one attempt in one subnet: in another zone the same token would launch again."""
        parts = (self._stage, meeting_id, attempt.role, attempt.number, attempt.subnet)
        return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()

    def _refused(self, error: ClientError, attempt: Attempt, token: str) -> Desktop:
        code, kind = code_of(error), kind_of(error)
        message = f"EC2 refused the {attempt.role}'s desktop in {attempt.subnet}: {error}"
        if kind is Kind.NOT_NOW:
            raise Unavailable(message) from error
        if code == "IdempotentParameterMismatch":
            # Launched with settings that have changed since: it is this attempt's desktop all the same.
            holders = [d for page in self._describe([{"Name": "client-token", "Values": [token]}]) for d in page]
            if not holders:  # there is one, EC2 just does not show it yet
                raise Unavailable(message) from error
            if holders[0].state.must_be_ended:
                return holders[0]
        if code in ("IdempotentParameterMismatch", "IdempotentInstanceTerminated"):
            raise AttemptSpent(message, code) from error
        if kind is not Kind.QUOTA:
            self._subnets.avoid(attempt.subnet)
        if kind is Kind.NO or code.startswith("InvalidSubnet"):  # what it names may have been exchanged since
            self._subnets.forget()
            self._images.forget()
        if kind is Kind.ELSEWHERE:
            raise NoCapacity(message, code) from error
        raise LaunchRefused(message, code) from error

    # --- ending

    def rearm(self, desktop_ids: Collection[str], deadline: datetime) -> None:
        """Let these instances bear this deadline (UTC) from now on."""
        with reporting(f"The deadline of {', '.join(desktop_ids)} could not be changed"):
            self._client.create_tags(Resources=list(desktop_ids), Tags=[deadline_tag(deadline)])

    def terminate(self, desktop_ids: Collection[str]) -> None:
        """End these instances for good; one that is gone already is fine.

        What several threads want ended at the same time is ended by one call.
        """
        self._ended_together(desktop_ids)

    def _terminate(self, ids: list[str]) -> dict[str, Unavailable]:
        """End these instances, and return what became of those that cannot be ended.

        For one that is unknown, protected by hand or not ours EC2 refuses them all, so whatever it refuses but
        for now, they are ended one by one.

        Raises:
            Unavailable: none of them can be ended now.
        """
        failed: dict[str, Unavailable] = {}
        for start in range(0, len(ids), _IDS_IN_A_CALL):
            some = ids[start : start + _IDS_IN_A_CALL]
            try:
                self._terminate_all(some)
            except Unavailable as refused:
                if kind_of(refused.__cause__) is Kind.NOT_NOW:
                    raise
                failed |= self._terminate_each(some) if len(some) > 1 else {some[0]: refused}
        return failed

    def _terminate_all(self, ids: list[str]) -> None:
        with reporting(f"These instances could not be terminated: {', '.join(ids)}"):
            try:
                self._client.terminate_instances(InstanceIds=ids)
            except ClientError as error:
                if len(ids) > 1 or not code_of(error).startswith("InvalidInstanceID"):
                    raise

    def _terminate_each(self, ids: Iterable[str]) -> dict[str, Unavailable]:
        failed: dict[str, Unavailable] = {}
        for desktop_id in ids:
            try:
                self._terminate_all([desktop_id])
            except Unavailable as error:
                failed[desktop_id] = error
        return failed


def _reason(instance: InstanceTypeDef) -> str | None:
    """Return why EC2 says that an instance is in its state, the code first; None where it does not say."""
    told = instance.get("StateReason", {})
    code, text = told.get("Code") or "", told.get("Message") or ""
    parts = [text] if text.startswith(code) else [code, text]
    return ": ".join(filter(None, parts)) or instance.get("StateTransitionReason") or None


def _moment(text: str | None) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except ValueError:
        return None


def _tag_is(key: str, value: str) -> FilterTypeDef:
    return {"Name": f"tag:{key}", "Values": [_literally(value)]}


def _ids_are(ids: Sequence[str]) -> FilterTypeDef:
    return {"Name": "instance-id", "Values": [_literally(name) for name in ids]}


def _literally(text: str) -> str:
    """Return a filter value that means just this: EC2 takes * and ? for wildcards, and rows are written by hand."""
    return re.sub(r"([\\*?])", r"\\\1", text)
