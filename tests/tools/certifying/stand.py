"""A deployed stage whose zone is the stand-in for Cloudflare's, and an operator who asks for a certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.keys import TableKeys
from chalicelib.domain.certificate import Certificate
from localcloud.cloudflare import CERTIFICATE_TOKEN, Cloudflare
from localcloud.origin_ca import OriginCa
from tests.tools.checks.sound import STATE_TABLE, Account, site_of
from tools import kept_certificate
from tools.certificate import see_to
from tools.certifying import Operator, Wish
from tools.kept_certificate import Facts
from tools.site import Site

DAY = timedelta(days=1)


@dataclass
class Stand:
    """What a run needs. `ahead` is how far the operator's clock is from now, `asked` what they were asked."""

    account: Account
    cloudflare: Cloudflare
    root: Path
    changes: dict[str, Any] = field(default_factory=dict)
    ahead: timedelta = timedelta()
    asked: list[str] = field(default_factory=list)
    tokens_given: int = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @property
    def site(self) -> Site:
        stage = replace(self.account.stage, **{"client": "kit"} | self.changes)
        return site_of(stage, self.account.client, now=self.now)

    def run(
        self,
        token: str = CERTIFICATE_TOKEN,
        answer: bool = False,
        asks: bool = True,
        wish: Wish | None = None,
        **more: Any,
    ) -> None:
        """See to the certificate as `make certificate` does; `more` is what is wished."""

        def give() -> str:
            self.tokens_given += 1
            return token

        def ask(question: str) -> bool:
            self.asked.append(question)
            return answer

        see_to(self.site, wish or Wish(**{"root": self.root} | more), Operator(give, ask if asks else None))

    @property
    def kept(self) -> Facts | None:
        return kept_certificate.facts(STATE_TABLE, self.account.client)

    @property
    def handed_over(self) -> Certificate | None:
        """What the app hands to a desktop, read as it does."""
        return TableKeys(self.account.client("dynamodb"), STATE_TABLE, self.now).certificate()

    @property
    def authority(self) -> OriginCa:
        return self.cloudflare.authority

    def fail(self, monkeypatch: pytest.MonkeyPatch, call: str, how: Callable[..., Any]) -> None:
        """Let a call of DynamoDB's client do something else."""
        monkeypatch.setattr(self.account.client("dynamodb"), call, how)
