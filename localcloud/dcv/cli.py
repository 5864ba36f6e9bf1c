"""DCV's command line, as far as an agent needs it: `python -m localcloud.dcv.cli --home DIR …`, or a program `dcv`.

Exit codes as they were observed, since the guide has none: 0 for success, another for failure; but `create-session`
with the server stopped exits with 0 and makes nothing. `close-session` is the only way to disconnect people, and it
ends the session and its programs with them. Not modelled: virtual sessions, and the commands that no agent needs.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.dcv import permissions
from localcloud.dcv.control import Unreachable, ask

VERSION = "Amazon DCV 2025.0 (r20103)"
_ROOT = Path(__file__).resolve().parents[2]


def write_shim(folder: Path, home: Path, python: str = sys.executable) -> Path:
    """Write a program named `dcv` into a folder, which speaks to the server of this home; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.name == "nt":
        shim = folder / "dcv.cmd"
        shim.write_text(f'@set "PYTHONPATH={_ROOT}"\n@"{python}" -m localcloud.dcv.cli --home "{home}" %*\n')
        return shim
    shim = folder / "dcv"
    run = shlex.join([python, "-m", "localcloud.dcv.cli", "--home", str(home.resolve())])
    shim.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(_ROOT))} exec {run} "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    return shim


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return what to exit with."""
    told = _parser().parse_args(arguments)
    if told.command == "version":
        print(VERSION)
        return 0
    question, show = told.prepare(told)
    try:
        reply = ask(told.home, command=told.command, **question)
    except Unreachable as error:
        print(error, file=sys.stderr)
        return 0 if told.command == "create-session" else 1
    if "error" in reply:
        print(reply["error"], file=sys.stderr)
        return 1
    shown = show(reply["value"], reply["empty_list"])
    if shown:
        print(shown)
    return 0


_Show = Callable[[Any, str], str]
_Prepared = tuple[dict[str, Any], _Show]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dcv", description="A stand-in for DCV's command line.")
    parser.add_argument("--home", type=Path, required=True, help="the home of the desktop's DCV server")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, prepare in {
        "list-sessions": _list_sessions,
        "describe-session": _of_session,
        "list-connections": _of_session,
    }.items():
        command = commands.add_parser(name)
        command.add_argument("--json", "-j", action="store_true")
        command.set_defaults(prepare=prepare)
        if name != "list-sessions":
            command.add_argument("session")
    close = commands.add_parser("close-session")
    close.add_argument("session")
    close.set_defaults(prepare=lambda told: ({"session": told.session}, _silent))
    create = commands.add_parser("create-session")
    create.add_argument("--type", choices=["console"], default="console")
    for name in ("owner", "name", "permissions-file", "storage-root"):
        create.add_argument(f"--{name}")
    create.add_argument("--max-concurrent-clients", type=int)
    create.add_argument("session")
    create.set_defaults(prepare=_create_session)
    allow = commands.add_parser("set-permissions")
    allow.add_argument("--session", required=True)
    what = allow.add_mutually_exclusive_group(required=True)
    what.add_argument("--file", type=Path)
    what.add_argument("--none", action="store_true")
    what.add_argument("--reset-builtin", action="store_true")
    allow.set_defaults(prepare=_set_permissions)
    commands.add_parser("version")
    return parser


def _list_sessions(told: argparse.Namespace) -> _Prepared:
    def show(sessions: Any, empty_list: str) -> str:
        if told.json:
            return "" if not sessions and empty_list == "nothing" else json.dumps(sessions, indent=4)
        return "\n".join(map(_line, sessions)) or "There are no sessions available."

    return {}, show


def _of_session(told: argparse.Namespace) -> _Prepared:
    def show(value: Any, empty_list: str) -> str:
        if told.json:
            return "" if value == [] and empty_list == "nothing" else json.dumps(value, indent=4)
        if isinstance(value, list):
            return "\n".join(f"Connection: {each['id']}" for each in value)
        return "\n".join([_line(value), *(f"    {key}: {part}" for key, part in value.items())])

    return {"session": told.session}, show


def _create_session(told: argparse.Namespace) -> _Prepared:
    wanted = {
        name: getattr(told, name.replace("-", "_"))
        for name in ("owner", "name", "permissions-file", "storage-root", "max-concurrent-clients")
    }
    return {"session": told.session, **wanted}, _silent


def _set_permissions(told: argparse.Namespace) -> _Prepared:
    if told.file:
        return {"session": told.session, "file": str(told.file.resolve())}, _silent
    return {"session": told.session, "text": permissions.NOBODY if told.none else permissions.BY_DEFAULT}, _silent


def _line(session: dict[str, Any]) -> str:
    return f"Session: '{session['id']}' (owner:{session['owner']} type:{session['type']})"


def _silent(_value: Any, _empty_list: str) -> str:
    return ""


if __name__ == "__main__":
    sys.exit(main())
