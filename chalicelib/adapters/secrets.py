"""The DNS provider's token, kept in Secrets Manager and read once a container."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import ConfigError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEYS = ("CLOUDFLARE_TOKEN", "CLOUDFLARE_API_TOKEN")


class SecretToken:
    """A token that is fetched when it is first needed, and again after it was found to be wrong."""

    def __init__(self, client: Callable[[], SecretsManagerClient], secret_id: str) -> None:
        self._client = client
        self._secret_id = secret_id
        self._token: str | None = None

    def get(self) -> str:
        """Return the token.

        Raises:
            ConfigError: the secret is missing, is not JSON, or has none of `KEYS`.
            Unavailable: Secrets Manager did not answer.
        """
        if self._token is None:
            self._token = self._fetch()
        return self._token

    def forget(self) -> None:
        """Fetch the token anew next time: it may have been changed."""
        self._token = None

    def _fetch(self) -> str:
        name = f"The secret {self._secret_id} (SECRET_ARN)"
        try:
            text = self._client().get_secret_value(SecretId=self._secret_id).get("SecretString", "")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise ConfigError(f"{name} does not exist or has no value yet; store the token in it.") from error
            raise Unavailable(f"{name} could not be read: {error}") from error
        except BotoCoreError as error:
            raise Unavailable(f"{name} could not be read: {error}") from error
        if token := parse(text):
            return token
        raise ConfigError(f'{name} must be JSON with the key {KEYS[0]} or {KEYS[1]}: {{"{KEYS[0]}": "…"}}.')


def parse(text: str) -> str | None:
    """Return the token that a secret's text holds, None where it holds none."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    tokens = [content.get(key) for key in KEYS] if isinstance(content, dict) else []
    return next((token.strip() for token in tokens if isinstance(token, str) and token.strip()), None)
