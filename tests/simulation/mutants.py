"""Does the net hold? Deliberate defects, each applied to the source as it is imported, each to be caught.

A mutant is a change of one place in `chalicelib`. A simulation with all faults on (or, for what only
the real adapters do, the contract suites) must notice it. `make mutants` hunts them all and reports
who caught what; one that survives is a check that is missing.
"""

from __future__ import annotations

import argparse
import importlib.machinery
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parents[2]
MEETINGS = 2000
"""A mutant that this many meetings do not catch has survived."""

CAUGHT = 3
"""The exit code of a mutant that was caught."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect: in this file, `old` (which must stand there just once) becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    suite: str | None = None  # hunted by these tests, or the crash points of `crash/<scenario>`, not at random

    def source(self) -> str:
        """Return the file's source with the defect in it.

        Raises:
            ValueError: `old` is not in the file just once, so the mutant must be written anew.
        """
        text = (ROOT / "chalicelib" / self.file).read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"Mutant {self.name!r}: {self.old!r} stands {text.count(self.old)} times in {self.file}.")
        return text.replace(self.old, self.new)


CONTRACT = "tests/contract"
UNIT = "tests/unit"

MUTANTS = [
    # --- plan
    Mutant(
        "launches without looking first",
        "plan.py",
        "if not desktops.complete and due and any(",
        "if False and any(",
    ),
    Mutant("takes unknown for gone", "plan.py", "if not desktops.complete or not settled:", "if False:"),
    Mutant(
        "takes unseen for gone at once",
        "plan.py",
        "if not desktops.complete or not settled:",
        "if not desktops.complete:",
    ),
    Mutant(
        "ignores who is in at the checkpoint",
        "plan.py",
        "if pending and not uploaded and not meeting.in_progress:",
        "if pending and not uploaded:",
    ),
    Mutant("forgets that the checkpoint was held", "plan.py", 'notes["checkpoint_at"] = now', "pass"),
    Mutant(
        "holds the checkpoint again and again",
        "plan.py",
        "pending = meeting.checkpoint_at is None",
        "pending = True",
    ),
    Mutant(
        "has no hard deadline",
        "plan.py",
        "return Reason.MAX_DURATION if deadline and now >= deadline else None",
        "return None",
    ),
    Mutant("waits for a second upload for ever", "plan.py", "return Reason.PARTIAL_UPLOAD", "return None"),
    Mutant(
        "has no grace for the second upload",
        "plan.py",
        "uploaded[0].uploaded_at + policy.upload_grace",
        "uploaded[0].uploaded_at",
    ),
    Mutant(
        "ends before the checkpoint",
        "plan.py",
        "if begin is not None and now >= begin + policy.checkpoint:",
        "if begin is not None and now >= begin:",
    ),
    Mutant(
        "never replaces a desktop that died",
        "plan.py",
        "return self.kind is _Kind.WANTED and not self.seat.uploaded",
        "return self.kind is _Kind.WANTED and not self.seat.attempt",
    ),
    Mutant(
        "replaces what has uploaded",
        "plan.py",
        "return self.kind is _Kind.WANTED and not self.seat.uploaded",
        "return self.kind is _Kind.WANTED",
    ),
    Mutant(
        "links before it publishes",
        "plan.py",
        """        Publish(f"the desktop of {seat.role} runs and has an address", (record,)),
        Update(f"the record of {seat.role} is published", link, (), rests_on, after=1),""",
        """        Update(f"the record of {seat.role} is published", link, (), rests_on),
        Publish(f"the desktop of {seat.role} runs and has an address", (record,)),""",
    ),
    Mutant("links what could not be published", "plan.py", "link, (), rests_on, after=1)", "link, (), rests_on)"),
    Mutant("replaces what it could not end", "plan.py", "after=len(given_up))]", "after=0)]", "crash/stopped"),
    Mutant(
        "calls an end finished that is not",
        "plan.py",
        "_links(meeting), rests_on, after=len(actions))",
        "_links(meeting), rests_on)",
    ),
    Mutant(
        "links what does not run",
        "plan.py",
        "return desktop.state is State.RUNNING and bool(desktop.address)",
        "return bool(desktop.id)",
    ),
    Mutant(
        "does not withdraw a dead desktop's record",
        "plan.py",
        "    if not (seat.link and seat.desktop_id):",
        "    if True:",
    ),
    Mutant(
        "ends without terminating",
        "plan.py",
        "    if living:\n        actions.append(Terminate(why, tuple(living)))\n    if any(",
        "    if any(",
    ),
    Mutant(
        "leaves alive what outlived the end",
        "plan.py",
        'actions = _put_away("the meeting is over", living, policy)',
        "actions: list[Action] = []",
    ),
    Mutant(
        "lets a desktop bring a meeting back", "plan.py", '        repair["status"] = Status.TERMINATED', "        pass"
    ),
    Mutant(
        "forgets the end's intent",
        "plan.py",
        "return rest if any(isinstance(action, Observe) for action in rest) else [intent, *rest]",
        "return rest",
    ),
    Mutant(
        "ends on what it read long ago",
        "plan.py",
        'by_seat = ("ec2_id", "attempt", "joined_at", "session_data")',
        'by_seat = ("ec2_id", "attempt")',
    ),
    Mutant(
        "never collects orphans",
        "plan.py",
        'actions.append(Terminate("its meeting does not exist", tuple(d.id for d in orphans)))',
        "pass",
    ),
    Mutant(
        "never withdraws orphaned records",
        "plan.py",
        'actions.append(Withdraw("its desktop does not live", stale))',
        "pass",
    ),
    Mutant(
        "collects what is young",
        "plan.py",
        "return since is None or now >= since + policy.settling",
        "return True",
        UNIT,
    ),
    Mutant(
        "collects what is foreign",
        "plan.py",
        "    return (d for d in desktops.desktops if d.owner is Owner.OURS)",
        "    return iter(desktops.desktops)",
    ),
    Mutant(
        "forgets to list a meeting until it is settled",
        "plan.py",
        "settled = meeting.ended_at is None or now >= meeting.ended_at + policy.linger",
        "settled = False",
    ),
    Mutant("never lets a desktop bear another deadline", "plan.py", "if deadline is None or not astray:", "if True:"),
    Mutant(
        "keeps what is overdue and whose row cannot be read",
        "plan.py",
        "overdue = [d for d in unread if d.deadline and now >= d.deadline]",
        "overdue: list[Desktop] = []",
    ),
    Mutant(
        "counts what was uploaded after the checkpoint",
        "plan.py",
        "by_then = [s for s in uploaded if (s.uploaded_at <= moment if s.uploaded_at else hinted)]",
        "by_then = uploaded",
        UNIT,
    ),
    Mutant(
        "keeps two desktops for a role",
        "plan.py",
        "    if not desktops.complete:\n        return []\n    kept",
        "    if True:\n        return []\n    kept",
    ),
    Mutant(
        "takes another meeting's desktop for its own",
        "plan.py",
        "    if all(d.meeting_id in its_own for d in desktops.desktops):",
        "    if True:",
    ),
    Mutant(
        "ends at a time that is no longer the meeting's",
        "plan.py",
        """        "meet_time",
        "duration_minutes",
        "checkpoint_at",""",
        """        "duration_minutes",
        "checkpoint_at",""",
        "crash/moved-at-the-end",
    ),
    Mutant("hides a row made by hand from the sweep", "plan.py", '        notes["open"] = LISTED', "        pass"),
    Mutant(
        "tries to launch without end",
        "plan.py",
        "return _next_attempt(stand).number > policy.max_attempts",
        "return False",
        "crash/no-room",
    ),
    Mutant(
        "ends for want of a desktop while somebody is in",
        "plan.py",
        "    if given_up and not any(stand.keeps and stand.seat.joined_at for stand in table):",
        "    if given_up:",
        "crash/room-for-one",
    ),
    Mutant(
        "waits on for a meeting that was moved far away",
        "plan.py",
        "    if begin is None or now >= begin - policy.lead - policy.standby:",
        "    if True:",
        "crash/postponed",
    ),
    Mutant(
        "leaves a link that leads nowhere",
        "plan.py",
        "    if mended := _unresolved(records, by_name, meetings, now, policy):",
        "    if mended := ():",
    ),
    Mutant(
        "leaves timers armed",
        "plan.py",
        "    if timers := _timers_ahead(meeting, now, policy):",
        "    if timers := ():",
        "crash/cancelled",
    ),
    Mutant(
        "replaces a stopped desktop and lets it be",
        "plan.py",
        "    if not desktop or not desktop.state.costs or desktop.owner is not Owner.OURS:",
        "    if not stand.late or not desktop:",
    ),
    Mutant(
        "takes an old desktop's report for the new one's",
        "plan.py",
        '            notes[seat.attribute("healthy_at")] = now\n            rests_on |= meeting.as_stored(named)',
        '            notes[seat.attribute("healthy_at")] = now',
    ),
    # --- reconcile
    Mutant(
        "sweeps nothing when the zone cannot be listed",
        "reconcile.py",
        '        with report.tolerate("list the records"):\n            records = self._dns().owned()',
        "        records = self._dns().owned()",
    ),
    Mutant(
        "forgets a report whose look failed",
        "reconcile.py",
        "    return (reports and not meeting.over) or not (meeting.listed or meeting.finished)",
        "    return False",
    ),
    Mutant(
        "hears only the last report of a batch",
        "reconcile.py",
        "meeting = replace(meeting, reported=meeting.reported | earlier.meeting.reported)",
        "pass",
    ),
    Mutant(
        "does not listen to deaths",
        "reconcile.py",
        "        elif desktop := self._desktops().whose(change.desktop_id):\n            desktop = replace(desktop, state=change.state)",
        "        else:\n            return",
    ),
    Mutant(
        "tries one zone only",
        "reconcile.py",
        "rest = [subnet for subnet in self._desktops().subnets() if subnet not in tried]",
        "rest: list[str] = []",
    ),
    Mutant(
        "brings back the records of what it has just ended",
        "reconcile.py",
        "tuple(filter(self._is_linked, action.records))",
        "action.records",
    ),
    Mutant(
        "launches before the intent stands",
        "reconcile.py",
        "        self._persist(meeting, _intent(meeting, launch, attempts, leased_at))\n",
        "",
    ),
    Mutant(
        "does not rest its intent on the row",
        "reconcile.py",
        'rests_on |= meeting.as_stored(attribute(role, "attempt"), attribute(role, "attempt_at"), *replaced)',
        "pass",
        UNIT,
    ),
    Mutant(
        "needs no lease",
        "plan.py",
        "leased = seat.attempt_at is not None and now < seat.attempt_at + patience",
        "leased = False",
    ),
    Mutant(
        "reuses a token",
        "reconcile.py",
        'attribute(role, "attempt"): attempt.number,\n            attribute(role, "attempt_at"): now,',
        'attribute(role, "attempt"): 1,\n            attribute(role, "attempt_at"): now,',
    ),
    Mutant(
        "forgets to write the ids",
        "reconcile.py",
        'attribute(role, "ec2_id"): outcome.id',
        'attribute(role, "id"): outcome.id',
    ),
    Mutant(
        "stops a sweep at the first failure",
        "reconcile.py",
        '            self.failed += 1\n            journal.fail("sweep_failed", error, meeting=meeting_id, why=f"could not {what}")',
        "            raise",
    ),
    Mutant(
        "swallows a failed look",
        "reconcile.py",
        "                self._apply(meeting, actions)\n            except _Overtaken",
        "                try:\n                    self._apply(meeting, actions)\n                except ElephantError:\n                    return []\n            except _Overtaken",
    ),
    Mutant(
        "trusts an event about a state that is past",
        "reconcile.py",
        "        if change.state.costs:\n            desktop = self._desktops().find(change.desktop_id)",
        '        if change.state.costs:\n            desktop = self._desktops().find(change.desktop_id)\n            desktop = replace(desktop, state=change.state, address="203.0.113.9") if desktop else None',
    ),
    Mutant(
        "takes any desktop's report for both",
        "model.py",
        "if seat.desktop_id in self.reported or seat.healthy_at:",
        "if self.reported or seat.healthy_at:",
    ),
    Mutant("lets people in while it ends", "join.py", "        if meeting.over:\n", "        if False:\n"),
    Mutant(
        "lets people in unrecorded",
        "join.py",
        "            meetings.update(meeting_id, _joined(meeting, seat, clock()))",
        "            pass",
    ),
    Mutant(
        "opens the door before health is reported",
        "join.py",
        "if not (seat.link and meeting.is_ready(role)):",
        "if not seat.link:",
    ),
    Mutant(
        "lets people in on what it read long ago",
        "join.py",
        'meeting.as_stored("status", "termination_reason", "ended_at", *names),',
        "{},",
        "crash/at-the-last-moment",
    ),
    # --- adapters, hunted by the contract suites
    Mutant(
        "trusts a 200 that says it failed",
        "dns/cloudflare.py",
        'if answer.ok and reply.get("success") is True:',
        "if answer.ok:",
        CONTRACT,
    ),
    Mutant(
        "takes a foreign record for its own",
        "dns/cloudflare.py",
        'return str(found.get("comment") or "").startswith(self._mark)',
        "return True",
        CONTRACT,
    ),
    Mutant(
        "ignores that Cloudflare has had enough",
        "dns/cloudflare.py",
        "        self._respect_block()\n        fresh_token",
        "        fresh_token",
        CONTRACT,
    ),
    Mutant(
        "keeps a token that was changed", "dns/cloudflare.py", "                self._token.forget()\n", "", CONTRACT
    ),
    Mutant(
        "reads the first page of records only",
        "dns/cloudflare.py",
        'if page >= (reply.get("result_info") or {}).get("total_pages", 1):',
        "if True:",
        CONTRACT,
    ),
    Mutant(
        "makes the token from the attempt alone",
        "ec2.py",
        "parts = (self._stage, meeting_id, attempt.role, attempt.number, attempt.subnet)",
        "parts = (self._stage, meeting_id, attempt.role, attempt.number)",
        CONTRACT,
    ),
    Mutant("takes a full zone for a refusal", "ec2.py", "        if code in NO_ROOM:", "        if False:", CONTRACT),
    Mutant(
        "takes a throttle for a refusal", "ec2.py", "        if code in PASSING or error", "        if error", CONTRACT
    ),
    Mutant(
        "stops at an unknown id among those to end",
        "ec2.py",
        "                self._terminate_each(ids)",
        "                return",
        CONTRACT,
    ),
    Mutant(
        "collects other stages' desktops", "ec2.py", ' and tags.get("Stage", self._stage) == self._stage', "", CONTRACT
    ),
    Mutant(
        "writes whatever has changed",
        "repository.py",
        "conditions += [request.condition(name, value) for name, value in change.expect.items()]",
        "pass",
        CONTRACT,
    ),
    Mutant(
        "makes rows by accident",
        "repository.py",
        'conditions = ["attribute_exists(id)"]',
        'conditions = ["attribute_not_exists(nothing)"]',
        CONTRACT,
    ),
    Mutant("reads what may be old", "repository.py", ", ConsistentRead=True", "", CONTRACT),
    Mutant(
        "fails on a timer that is armed already",
        "timers.py",
        '            if not _is(error, "ConflictException"):\n                raise',
        "            raise",
        CONTRACT,
    ),
]


def hunt(mutant: Mutant) -> tuple[str | None, float]:
    """Run one mutant in a process of its own; return what caught it, None if nothing did, and the seconds it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "tests.simulation.mutants", "--be", mutant.name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    seconds = time.perf_counter() - began
    if done.returncode not in (0, CAUGHT):
        raise RuntimeError(f"The hunt for {mutant.name!r} broke off:\n{done.stdout}\n{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return (lines[-1] if done.returncode else None), seconds


def _be(mutant: Mutant) -> int:
    """Put the defect into the source as it is imported, and let the net try to catch it."""
    path = str(ROOT / "chalicelib" / mutant.file)
    source = mutant.source()
    load = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader: importlib.machinery.SourceFileLoader, name: str) -> object:
        return compile(source, path, "exec") if loader.path == path else load(loader, name)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]
    if mutant.suite and mutant.suite.startswith("crash/"):
        return _be_crashed(mutant.suite.removeprefix("crash/"))
    if mutant.suite:
        return _be_tested(mutant.suite)
    from tests.simulation.simulate import A_WORLD, play

    for number in range(MEETINGS // A_WORLD):
        _, violation = play(f"defect/{number}/{A_WORLD}")
        if violation:
            print(f"{violation.split(' broken in')[0]} after {(number + 1) * A_WORLD} meetings")
            return CAUGHT
    return 0


def _be_crashed(scenario: str) -> int:
    from tests.simulation.crash import attempt, points
    from tests.simulation.promises.promise import Violation

    try:
        violation = next(filter(None, map(attempt, points(scenario))), None)
    except Violation as not_even_undisturbed:
        violation = str(not_even_undisturbed)
    if violation:
        print(f"{violation.partition(' broken in')[0]} in crash point {violation.rpartition('WORLD=crash/')[2]}")
    return CAUGHT if violation else 0


def _be_tested(suite: str) -> int:
    import pytest

    class First:
        name = ""

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed and not self.name:
                self.name = report.nodeid

    first = First()
    caught = pytest.main([suite, "-x", "-q", "--no-header", "-p", "no:cacheprovider"], plugins=[first]) != 0
    print(first.name or "the suite could not even be collected")
    return CAUGHT if caught else 0


def main() -> int:
    """Hunt every mutant; the exit code is 0 only if all were caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--be", help="be this mutant, in this process")
    parser.add_argument("--only", help="hunt the mutants with this text in their name")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.be:
        return _be(next(mutant for mutant in MUTANTS if mutant.name == options.be))
    wanted = [mutant for mutant in MUTANTS if (options.only or "") in mutant.name]
    table = Table("mutant", "where", "caught by", "s", title="Who caught what", title_justify="left")
    console = Console(width=160)
    survivors = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        hunts = track(pool.map(hunt, wanted), "mutants", total=len(wanted), console=console)
        for mutant, (caught, seconds) in zip(wanted, hunts, strict=True):
            survivors += caught is None
            table.add_row(mutant.name, mutant.file, caught or "[red]nobody", f"{seconds:.0f}")
    console.print(table)
    console.print(f"{len(wanted) - survivors} of {len(wanted)} mutants caught.")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
