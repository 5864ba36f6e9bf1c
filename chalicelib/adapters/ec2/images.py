"""The desktops' image: which one it is, where an SSM parameter names it, and what EC2 says of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.ec2.refusals import Kind, code_of, kind_of, reporting
from chalicelib.domain.errors import LaunchRefused, Unavailable
from chalicelib.settings import image_parameter

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import ImageTypeDef

PARAMETER_LASTS = timedelta(minutes=5)


class Images:
    """The images that were asked for, as long as a container lives. `parameters` builds a client of SSM."""

    def __init__(self, client: EC2Client, parameters: Callable[[], Any], clock: Callable[[], datetime]) -> None:
        self._client = client
        self._parameters = parameters
        self._clock = clock
        self._named: dict[str, tuple[datetime, str]] = {}
        self._described: dict[str, ImageTypeDef] = {}

    def find(self, named: str) -> ImageTypeDef:
        """Return the image that AMI_ID names; of one that may not be looked at, its id is all that is known.

        Raises:
            LaunchRefused: there is no such image, or no parameter that names one.
        """
        ami_id = self._id(named)
        if ami_id not in self._described:
            try:
                with reporting(f"The image {ami_id} could not be described"):
                    found = self._client.describe_images(ImageIds=[ami_id])["Images"]
            except Unavailable as error:
                code = code_of(error.__cause__)
                if code.startswith("InvalidAMIID"):
                    raise LaunchRefused(f"AMI_ID names an image that is not there: {error}", code) from error
                if kind_of(error.__cause__) is Kind.DENIED:
                    return {"ImageId": ami_id}  # it may be launched all the same
                raise
            if not found:
                raise LaunchRefused(f"AMI_ID names {ami_id}, which does not exist in this Region.", "InvalidAMIID")
            self._described[ami_id] = found[0]
        return self._described[ami_id]

    def forget(self) -> None:
        """Look at everything anew, the next time: an image may have been exchanged since."""
        self._named.clear()
        self._described.clear()

    def _id(self, named: str) -> str:
        parameter = image_parameter(named)
        if not parameter:
            return named
        known = self._named.get(parameter)
        if known and self._clock() < known[0] + PARAMETER_LASTS:
            return known[1]
        ami_id = resolve(self._parameters(), parameter)
        self._named[parameter] = (self._clock(), ami_id)
        return ami_id


def resolve(ssm: Any, parameter: str) -> str:
    """Return the id of the image that an SSM parameter names.

    Raises:
        LaunchRefused: it may not be read, is not there, or names no image.
        Unavailable: SSM does not answer.
    """
    try:
        with reporting(f"The parameter {parameter}, which AMI_ID names, could not be read"):
            found = ssm.get_parameters(Names=[parameter])["Parameters"]
    except Unavailable as error:
        if kind_of(error.__cause__) is Kind.NOT_NOW:
            raise
        raise LaunchRefused(str(error), code_of(error.__cause__)) from error
    if not found:
        raise LaunchRefused(f"AMI_ID names the parameter {parameter}, which is not there.", "ParameterNotFound")
    value = str(found[0]["Value"])
    if not re.fullmatch("ami-[0-9a-f]{1,17}", value):
        raise LaunchRefused(
            f"AMI_ID names the parameter {parameter}, which holds {value!r:.80} and no image's id.", "InvalidAMIID"
        )
    return value
