"""`python -m tools.smoke --stage dev`: a first meeting that proves the whole chain of a deployed stage.

It is scheduled through the stage's own API; both desktops are launched, get ready by their own word, are reached by
name and certificate, entered with a token, left, recorded where the stage records, and ended by the ordinary rules;
then nothing is left. It takes two desktops for about half an hour. Ctrl-C, and a link that does not hold, have the
meeting ended in the app's own way. The exit code is 0 only where all is proven.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import sleep as real_sleep
from types import FrameType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.access import Scope
from chalicelib.domain.errors import ElephantError
from chalicelib.domain.seat import Role
from chalicelib.environment import Settings
from chalicelib.settings import Client
from tools import inventory, issuer, kept_certificate, providers
from tools.account import clients
from tools.checks import examine
from tools.findings import Finding, Level, as_sentence, fail, line
from tools.given_keys import lent
from tools.site import Site
from tools.stage import StageError, load
from tools.terminal import say
from tools.trial.api import Answer, Api, Invitation, Lost
from tools.trial.browser import Browsers, find
from tools.trial.chain import Chain
from tools.trial.costs import PRICES_AT, Prices, bill
from tools.trial.reach import Address, Reach, Way, resolve
from tools.trial.stand import Look, Stand
from tools.trial.steps import Failed, Steps
from tools.trial.world import Plan

_MINUTES = 10
_KEY_LASTS = timedelta(hours=2)
"""How long the meeting may last after its start, which counts as ten minutes after it was scheduled."""

_TO_BOOT = timedelta(minutes=5)
"""How much shorter than the boot limit it may be: so is the last desktop entered, left and recorded before the end."""

_OF_THE_WORLD = (ElephantError, StageError, ClientError, BotoCoreError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says, and where names are looked up."""

    api: str = ""
    """The API's address where it is another one than AWS's, of an emulator say."""
    browser: str = ""
    anyway: bool = False
    open_for: timedelta = timedelta(minutes=2)
    resolver: Callable[[str, int], list[Address]] = resolve


@dataclass(frozen=True, slots=True)
class Live:
    """The stage as a trial meets it: its API, its account, the names' way, this machine's browser."""

    api: Api
    invitation: Invitation
    stand: Stand
    way: Reach
    browsers: Browsers

    def join(self, role: Role, *, peek: bool) -> Answer:
        """Ask the app about a role's door."""
        return self.api.join(self.invitation.links[role], role, peek=peek)

    def look(self) -> Look:
        """Look at the row and the desktops."""
        return self.stand.look()

    def ends_at_the_latest(self) -> datetime | None:
        """Return when the meeting ends by itself."""
        return self.stand.ends_at_the_latest()

    def reach(self, url: str) -> Way:
        """Go the way to a desktop."""
        return self.way.go(url)

    def open_door(self, role: Role, address: str) -> None:
        """Send a browser there."""
        self.browsers.open(role, address)

    def browsers_ended(self) -> Mapping[Role, int]:
        """Return which browsers have ended by themselves."""
        return self.browsers.ended()

    def close_doors(self) -> None:
        """Close every browser."""
        self.browsers.close()

    def left(self) -> list[Finding]:
        """Return what is still there."""
        return self.stand.left()


@dataclass
class Smoke:
    """One run of the command."""

    site: Site
    options: Options
    sleep: Callable[[float], None] = real_sleep
    doctor: Callable[[Site], Iterable[tuple[str, Finding]]] = examine
    reach: type[Reach] = Reach
    browsers: type[Browsers] = Browsers
    prices: Callable[[], Any] = lambda: clients(PRICES_AT)("pricing")
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> int:
        """Try the stage and report; return the exit code."""
        self.findings = [finding for _, finding in self.doctor(self.site) if finding.level is not Level.OK]
        stops = [finding for finding in self.findings if finding.level is Level.FAIL]
        if stops and not self.options.anyway:
            return self._refuse(stops)
        steps = Steps(self.site.now, self.sleep, say)
        try:
            chain, live = self._begin(steps)
        except Lost as lost:
            print(line(self._finding(lost)))
            return 1
        except (Failed, *_OF_THE_WORLD) as error:
            return self._refuse([self._finding(error)])
        proven = self._prove(chain, live)
        self._report(steps, live)
        return 0 if proven and not steps.wrong else 1

    def _refuse(self, why: Iterable[Finding]) -> int:
        for finding in why:
            print(line(finding))
        say("\nNothing was scheduled, and nothing is paid.")
        return 1

    def _begin(self, steps: Steps) -> tuple[Chain, Live]:
        """Schedule the meeting.

        Raises:
            Failed: it was not scheduled.
        """
        site, options = self.site, self.options
        if site.desktop_client is Client.SCRIPTS:
            raise Failed(
                "desktops with scripts tell nobody who is connected to them, so this cannot prove that a door opened",
                f'write client = "kit" into {site.file}, with an image that has it, or try the stage by hand '
                "(docs/deploy.md, The first meeting)",
            )
        program = find(options.browser)
        key = lent(site.stage, site.client, "smoke", Scope.SCHEDULE, _KEY_LASTS)
        environ = inventory.environment(site.stage, site.client)
        settings, zone = Settings(environ), site.provider.zone(site.stage, site.client, site.account)
        policy = settings.policy()
        minutes = max(timedelta(minutes=_MINUTES), policy.boot_limit - _TO_BOOT)
        api = Api(self._address(), site.http, self.sleep)
        whole = int(min(minutes, policy.longest_meeting) / timedelta(minutes=1))
        table = site.outputs["StateTable"]
        reach = self.reach(
            site.provider.name,
            kept_certificate.told(table, site.client)[1] or issuer.kept(table, site.client),
            site.make("certificate"),
            site.make("doctor"),
            options.resolver,
        )
        steps.tell(f"A meeting of {whole} minutes is scheduled; it takes two desktops for about half an hour.")
        invitation = api.schedule(site.now(), whole, key, site.make("doctor"))
        stand = Stand(site, invitation.meeting_id, zone, policy)
        live = Live(api, invitation, stand, reach, self.browsers(program))
        steps.done("scheduled", None, f"the meeting {invitation.meeting_id} is scheduled")
        of_meeting = f"--since 1h --filter-pattern '\"{invitation.meeting_id}\"'"
        plan = Plan(
            boot_limit=policy.boot_limit,
            records=policy.records,
            hands=not program,
            open_for=options.open_for,
            doctor=site.make("doctor"),
            image=site.make("image"),
            certificate=site.make("certificate"),
            log=site.aws(f"logs tail {site.stage.log_group('stream_terminator')} {of_meeting}"),
        )
        return Chain(live, steps, plan, invitation), live

    def _address(self) -> str:
        if self.options.api:
            return self.options.api.rstrip("/") + "/"
        if not self.site.api:
            raise Failed("the stage has no API", self.site.make("deploy"))
        return inventory.address(self.site.stage, self.site.api)

    def _prove(self, chain: Chain, live: Live) -> bool:
        """Return whether the whole chain holds; where it does not, the meeting is ended first."""
        try:
            chain.run()
        except (Failed, *_OF_THE_WORLD) as error:
            finding = self._finding(error)
            chain.steps.tell(f"This does not hold: {finding.what}.")
            chain.steps.wrong.append(finding)
        except KeyboardInterrupt:
            chain.steps.tell("Interrupted.")
            chain.steps.wrong.append(
                fail("the trial was interrupted, so nothing more is proven", self.site.make("smoke"))
            )
        else:
            return True
        finally:
            live.close_doors()
        self._call_off(chain, live)
        return False

    def _call_off(self, chain: Chain, live: Live) -> None:
        """Have the app end the meeting, and see that nothing is left of it."""
        steps, meeting = chain.steps, live.stand.meeting_id
        try:
            if live.stand.call_off():
                steps.tell(f"The meeting {meeting} is called off; the app ends its desktops now.")
            elif chain.sought_remains:
                return
            chain.wait_until_gone()
            steps.tell("Nothing is paid any more.")
        except KeyboardInterrupt:
            steps.tell(f"Not waited for: the app goes on to end the meeting {meeting}; else {chain.by_itself}.")
        except (Failed, *_OF_THE_WORLD) as error:
            finding = self._finding(error)
            if finding not in steps.wrong:
                steps.wrong.append(finding)
            steps.tell(f"Whether all is gone is not known: {finding.what}. If the meeting lives, {chain.by_itself}.")

    def _finding(self, error: Exception) -> Finding:
        if isinstance(error, Failed):
            return fail(error.what, error.remedy)
        return fail(as_sentence(error), f"repair what is said there; {self.site.make('doctor')} may know more")

    def _report(self, steps: Steps, live: Live) -> None:
        print()
        for row in steps.table():
            print(row)
        print("\ncost")
        prices = Prices(self.site.stage.region, self.prices)
        for row in bill(live.stand.paid.values(), prices, self.site.now()):
            say(f"· {row}")
        wrong = [*steps.wrong, *self.findings]
        print("\nstill wrong" if wrong else "\nNothing is wrong: the whole chain is proven.")
        for finding in wrong:
            print(line(finding))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Try the stage that the command line names."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--browser", default="", help="a Chromium, Chrome or Edge; else one is looked for")
    arguments.add_argument("--api", default="", help="the API's address, where it is not AWS's")
    arguments.add_argument(
        "--anyway", action="store_true", help="go on although the doctor finds what must be repaired"
    )
    given = arguments.parse_args()
    with suppress(ValueError):  # no signals but in the main thread
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        stage = load(given.stage)
        options = Options(api=given.api, browser=given.browser, anyway=given.anyway)
        return Smoke(Site(stage, clients(stage.region), providers.of(stage)), options).run()
    except StageError as error:
        say(str(error), sys.stderr)
        return 1
    except KeyboardInterrupt:
        say(
            "\nInterrupted. A meeting that was scheduled in this moment ends by itself within half an hour.", sys.stderr
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
