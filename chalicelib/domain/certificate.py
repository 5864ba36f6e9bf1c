"""The certificate that desktops show, as the app keeps it and hands it over."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate for every desktop of a stage, with its key; all texts are PEM."""

    chain: str
    """The certificate itself, and those between it and its root."""
    key: str = field(repr=False)
    issuer_root: str
    """The root that has issued the chain's last."""
    id: str
    """SHA-256 of `chain` in UTF-8, as hex."""
