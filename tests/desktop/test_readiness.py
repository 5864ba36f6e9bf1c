"""A desktop is ready when every condition holds; what is missing is said, and what cannot be told is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from desktop.dcv import DcvUnknown, Session
from desktop.readiness import Readiness
from tests.desktop import shells

GOOD = Session("lesson", 0, None, None)


@dataclass
class World:
    """A desktop on which a test can spoil whatever it likes; at first all is well."""

    checks: Path
    session_told: Session | None = GOOD
    dcv_fails: bool = False
    tls_fault: str | None = None
    certificate_fault: str | None = None
    facts: dict[str, bool] = field(default_factory=lambda: {"runs": True, "logged_on": True, "restart": False})
    unknown: str = ""

    def _tell(self, fact: str) -> bool:
        if fact == self.unknown:
            raise OSError("Access is denied")
        return self.facts[fact]

    def dcv_runs(self) -> bool:
        return self._tell("runs")

    def is_logged_on(self, user: str) -> bool:
        return self._tell("logged_on") and user == "lesson"

    def awaits_restart(self) -> bool:
        return self._tell("restart")

    def session(self) -> Session | None:
        if self.dcv_fails:
            raise DcvUnknown("`dcv list-sessions` fails with 1.")
        return self.session_told

    def readiness(self) -> Readiness:
        faults = lambda: self.tls_fault, self.checks, lambda: self.certificate_fault
        return Readiness(self, self, "lesson", *faults)  # type: ignore[arg-type]

    def missing(self) -> list[str]:
        return list(self.readiness().find_missing())

    def check(self, name: str, script: str) -> None:
        shells.put(self.checks / name, script)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_where_all_is_well_nothing_is_missing(world: World) -> None:
    assert world.missing() == []


def spoil(**changed: object) -> Callable[[World], None]:
    def do(world: World) -> None:
        for name, value in changed.items():
            setattr(world, name, value)

    return do


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda world: world.facts.update(runs=False), "The DCV service is not running."),
        (lambda world: world.facts.update(logged_on=False), "lesson is not logged on yet."),
        (lambda world: world.facts.update(restart=True), "The machine is about to restart."),
        (spoil(dcv_fails=True), "DCV cannot be asked: `dcv list-sessions` fails with 1."),
        (spoil(session_told=None), "DCV has no session yet."),
        (
            spoil(session_told=replace(GOOD, owner="SYSTEM")),
            "DCV's session is SYSTEM's and not lesson's, so nobody would be let in.",
        ),
        (
            spoil(session_told=replace(GOOD, owner="")),
            "DCV's session is nobody's and not lesson's, so nobody would be let in.",
        ),
        (spoil(session_told=replace(GOOD, licence="DCV lists none")), "DCV has no licence: DCV lists none."),
        (spoil(tls_fault="Nothing listens on port 8443."), "Nothing listens on port 8443."),
        (
            spoil(unknown="logged_on"),
            "It cannot be told whether this holds: lesson is not logged on yet. (Access is denied)",
        ),
        (
            spoil(unknown="restart"),
            "It cannot be told whether this holds: The machine is about to restart. (Access is denied)",
        ),
        (
            spoil(unknown="runs"),
            "It cannot be told whether this holds: The DCV service is not running. (Access is denied)",
        ),
    ],
)
def test_each_condition_is_missed_alone_and_in_words(world: World, do: Callable[[World], None], said: str) -> None:
    do(world)
    assert world.missing() == [said]


def test_all_that_is_missing_is_told_at_once_the_most_basic_first(world: World) -> None:
    world.facts.update(runs=False, logged_on=False)
    world.session_told, world.tls_fault = None, "Nothing listens on port 8443."
    assert world.missing() == [
        "The DCV service is not running.",
        "DCV has no session yet.",
        "Nothing listens on port 8443.",
        "lesson is not logged on yet.",
    ]


def test_the_operator_s_checks_count_and_run_only_on_what_is_ready_otherwise(world: World) -> None:
    world.check("microphone", f"touch {world.checks}/.ran; exit 4")
    world.check("speakers", "exit 0")
    world.facts["logged_on"] = False
    assert world.missing() == ["lesson is not logged on yet."]
    assert not (world.checks / ".ran").exists()
    world.facts["logged_on"] = True
    assert world.missing() == ["A check of the operator's: microphone failed with 4."]
    assert (world.checks / ".ran").exists()


def test_somebody_who_is_connected_takes_nothing_from_it(world: World) -> None:
    world.session_told = replace(GOOD, connections=1)
    assert world.missing() == []


def test_one_that_has_been_ready_stays_so_when_an_installation_asks_for_a_restart(world: World) -> None:
    readiness = world.readiness()
    assert readiness.find_missing() == ()
    world.facts["restart"] = True
    assert readiness.find_missing() == ()
    world.facts["runs"] = False
    assert readiness.find_missing() == ("The DCV service is not running.",)


def test_a_certificate_that_is_not_installed_is_told_in_place_of_what_follows_from_it(world: World) -> None:
    world.certificate_fault = "The certificate that the app keeps is not installed yet."
    world.tls_fault = "The certificate on port 8443 is not good for i-1.example.com."
    assert world.missing() == ["The certificate that the app keeps is not installed yet."]


def test_one_that_has_been_ready_is_not_taken_away_while_a_newer_certificate_cannot_be_had(world: World) -> None:
    readiness = world.readiness()
    assert readiness.find_missing() == ()
    world.certificate_fault = "The certificate cannot be written to /etc/dcv (No space left on device)."
    assert readiness.find_missing() == ()
    world.tls_fault = "The certificate on port 8443 is not good for i-1.example.com."
    assert readiness.find_missing() == (world.tls_fault,)
