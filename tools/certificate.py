"""`python -m tools.certificate --stage dev`: give desktops a certificate that stands between them and everybody else.

The key is made here, for desktops' names alone, and goes into the state table, where of the functions only the API's
may read it. Cloudflare is asked with a second token, which is asked for and kept nowhere. An operator's own certificate
goes the same way. Run again, it does nothing while the one that is kept is good for long.
"""

from __future__ import annotations

import argparse
import os
import sys
from getpass import getpass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.settings import Client
from tools import providers
from tools.account import clients
from tools.certifying import DAYS, TOKEN_VARIABLE, Certificates, Operator, Wish, authority_of
from tools.site import Site
from tools.stage import StageError, load
from tools.terminal import say
from tools.turns import turn


def main() -> int:
    """See to the certificate of the stage that the command line names; return 0 where all is as it was asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--days", type=int, default=DAYS, help=f"for how long it is asked for ({DAYS})")
    arguments.add_argument("--force", action="store_true", help="also where the one that is kept is good for long")
    arguments.add_argument("--strict", choices=("yes", "no"), help="whether to set Full (strict), without asking")
    arguments.add_argument("--revoke", action="store_true", help="revoke the earlier ones that Cloudflare issued")
    arguments.add_argument("--certificate", type=Path, help="the file of your own certificate, with its chain")
    arguments.add_argument("--key", type=Path, help="the file of its key")
    arguments.add_argument("--root", type=Path, help="the file of its issuer's root, where browsers do not know it")
    given = arguments.parse_args()
    try:
        if (given.certificate is None) != (given.key is None):
            raise StageError("your own certificate takes both CERTIFICATE=fullchain.pem and KEY=key.pem")
        wish = Wish(
            days=given.days,
            force=given.force,
            strict=None if given.strict is None else given.strict == "yes",
            revoke=given.revoke,
            own=(given.certificate, given.key) if given.certificate else None,
            root=given.root,
        )
        stage = load(given.stage)
        site = Site(stage, clients(stage.region), providers.of(stage))
        see_to(site, wish, operator())
    except (KeyboardInterrupt, EOFError):
        say("Not done: it was stopped. Run it again; what was begun is found again.", sys.stderr)
        return 1
    except (StageError, ClientError, BotoCoreError) as error:
        say(f"Not done: {error}", sys.stderr)
        return 1
    return 0


def operator() -> Operator:
    """Return who runs this: somebody at a terminal, or a machine, whose token is in its environment or in a pipe."""
    at_terminal = sys.stdin.isatty()

    def token() -> str:
        if given := os.environ.get(TOKEN_VARIABLE):
            return given
        if at_terminal:
            return getpass("The token for this one run (it is not shown, and kept nowhere): ")
        return sys.stdin.readline()

    def ask(question: str) -> bool:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    return Operator(token, ask if at_terminal else None)


def see_to(site: Site, wish: Wish, who: Operator) -> None:
    """Do what the operator wishes, as far as it is not done already, and say what was done.

    Raises:
        StageError: something stands in the way; what was done before it stands, and is found again.
    """
    if site.desktop_client is Client.SCRIPTS and site.outputs:
        raise StageError(
            f"desktops of stage {site.stage.name} have scripts, which ask for no certificate: they show the one that "
            "is on their image"
        )
    table = site.outputs.get("StateTable", "")
    if not table:
        raise StageError(f"stage {site.stage.name} is not deployed, and has no place for a key; {site.make('deploy')}")
    _refuse_unclear(site, wish, who)
    with turn(site.stage, site.account, site.client, table=table, act="certificate", now=site.now):
        Certificates(site, table, wish, who).see_to()


def _refuse_unclear(site: Site, wish: Wish, who: Operator) -> None:
    """Refuse, before anything is touched, what could not be carried through."""
    if not wish.own and wish.strict is None and who.asks is None:
        raise StageError(
            "nobody is at a terminal to be asked whether Cloudflare's Full (strict) may be set for the whole zone; say "
            "STRICT=yes or STRICT=no"
        )
    if wish.own and not wish.strict:
        return
    validities = authority_of(site, "").validities
    if wish.days not in validities:
        raise StageError(f"VALIDITY is one of {', '.join(map(str, validities))} days, not {wish.days}")


if __name__ == "__main__":
    sys.exit(main())
