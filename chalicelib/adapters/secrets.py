"""The DNS provider's token, kept in Secrets Manager: read once a container, and again when it turns out to be wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEYS = ("CLOUDFLARE_TOKEN", "CLOUDFLARE_API_TOKEN")


_AGAIN_AFTER = timedelta(minutes=1)
_TOKEN = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9._~+/-]{1,1000}=*")  # what a header may bear (RFC 6750)


class SecretToken:
    """A token that is read when it is first needed, and again, at most once a minute, after it was found wrong."""

    def __init__(
        self, client: Callable[[], SecretsManagerClient], secret_id: str, clock: Callable[[], datetime]
    ) -> None:
        self.name = f"the secret {secret_id} (SECRET_ARN)"
        self._client = client
        self._secret_id = secret_id
        self._clock = clock
        self._token: str | None = None
        self._problem = ""
        self._not_again_before: datetime | None = None

    def get(self) -> str:
        """Return the token.

        Raises:
            ConfigError: the secret is missing, or what it holds cannot be a token.
            Unavailable: Secrets Manager did not answer.
        """
        if self._token is not None:
            return self._token
        if self._problem and not self._may_read_again():
            raise ConfigError(self._problem)
        return self._read()

    def renew(self) -> bool:
        """Read the token anew, since it was refused; return False where that was done less than a minute ago.

        Raises:
            ConfigError, Unavailable: as `get` does.
        """
        if not self._may_read_again():
            return False
        self._read()
        return True

    def _may_read_again(self) -> bool:
        now = self._clock()
        if self._not_again_before and now < self._not_again_before:
            return False
        self._not_again_before = now + _AGAIN_AFTER
        return True

    def _read(self) -> str:
        """Read the secret. One that cannot be read now leaves the token as it is, one that holds none takes it away."""
        try:
            self._token = token = self._fetch()
        except ConfigError as error:
            self._token, self._problem = None, str(error)
            raise
        self._problem = ""
        return token

    def _fetch(self) -> str:
        name = self.name[0].upper() + self.name[1:]
        try:
            text = self._client().get_secret_value(SecretId=self._secret_id).get("SecretString", "")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise ConfigError(f"{name} does not exist or has no value yet; store the token in it.") from error
            raise Unavailable(f"{name} could not be read: {error}") from error
        except BotoCoreError as error:
            raise Unavailable(f"{name} could not be read: {error}") from error
        try:
            return token_in(text)
        except ValueError as error:
            raise ConfigError(f"{name} {error}.") from None


def token_in(text: str) -> str:
    """Return the token that a secret's text holds.

    Raises:
        ValueError: it holds none; the message completes "The secret …", and repeats nothing of the text.
    """
    try:
        content = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        content = None
    values = {key: content.get(key) for key in KEYS} if isinstance(content, dict) else {}
    texts = {key: value.strip() for key, value in values.items() if isinstance(value, str) and value.strip()}
    if not texts:
        raise ValueError(f'is not JSON with {KEYS[0]} or {KEYS[1]}; it must be JSON like {{"{KEYS[0]}": "…"}}')
    for token in texts.values():
        if not what_is_wrong(token):
            return token
    key, wrong = next(iter(texts.items()))
    raise ValueError(
        f"holds under {key} what cannot be a token ({what_is_wrong(wrong)}); store the token alone, as it was "
        "copied: letters, digits and a few signs, without Bearer before it and without quotes"
    )


def what_is_wrong(token: str) -> str:
    """Return why a text cannot be a token, empty where it can; nothing of the text is repeated."""
    if _TOKEN.fullmatch(token):
        return ""
    for what, shape in (
        ("a space or a line break is in it", r"\s"),
        ("a quote is in it", "[\"'`\u2018-\u201f\u00ab\u00bb]"),
        ("a letter outside ASCII is in it", r"[^\0-\x7f]"),
        ("it is longer than any token", ".{1001}"),
    ):
        if re.search(shape, token):
            return what
    return "a sign that no token has is in it"
