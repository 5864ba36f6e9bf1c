"""What a rehearsal has found: a sentence for each thing that was looked at, and where to look for what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_WHERE = (
    ("The DCV service is not running", "Look at the service dcvserver, and at DCV's server.log."),
    ("DCV cannot be asked", "Look at the service dcvserver, and at DCV's server.log."),
    ("DCV has no session", "Look at session-management/create-session in DCV's settings, and at the automatic logon."),
    ("DCV's session is", "Look at session-management/automatic-console-session/owner in DCV's settings."),
    (
        "DCV has no licence",
        "The instance profile needs s3:GetObject on arn:aws:s3:::dcv-license.<region>/*, and S3 must be in reach.",
    ),
    ("The certificate", "Look at dcv_certificates in agent.toml: does DCV read its certificate there?"),
    ("Nothing listens on port", "Look at connectivity/web-port in DCV's settings, and at DCV's server.log."),
    ("The machine is about to restart", "Have the build restart the machine after the last installer."),
    ("A check of the operator's", "The command is in hooks/checks."),
)
_LOGON = "is not logged on"
_AT_THE_LOGON = "Look at the automatic logon: has the boot script run (rehearse --prepare), and the machine restarted?"
_ANYWHERE = "Look at the agent's log."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is well, and a sentence that says so, or what is wrong."""

    is_ok: bool
    sentence: str

    def __str__(self) -> str:
        """Return the line that is printed."""
        return f"rehearsal: {'ok' if self.is_ok else 'FAILED'} {' '.join(self.sentence.split())}"


def well(sentence: str) -> Finding:
    """Return that something is as it is to be."""
    return Finding(True, sentence)


def wrong(sentence: str, where: str = "") -> Finding:
    """Return that something is wrong, and where to look."""
    return Finding(False, f"{sentence} {where}".strip())


def lacking(missing: Iterable[str]) -> list[Finding]:
    """Return what the agent says that the desktop lacks, each with where to look."""
    return [wrong(sentence, _where(sentence)) for sentence in missing]


def _where(sentence: str) -> str:
    if _LOGON in sentence:
        return _AT_THE_LOGON
    return next((where for begins, where in _WHERE if begins in sentence), _ANYWHERE)
