"""``python -m sdsync.sandbox.drill``: the scenes of docs/drills.md, in an empty folder.

``open`` writes the settings of two sandboxes here and runs them. Every other word needs
``sdsync run`` beside it: people work until all is in step, then something breaks.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sdsync.sandbox import __main__ as products
from sdsync.sandbox import accounts
from sdsync.sandbox.stage import DrillError, Stage, ports_of

#: The only key that the tracker takes after ``revoked``.
NEW_KEY = "dev-second-key"
#: What the tracker's Environment is called after ``refused``: Production is no more.
RENAMED = ["Live", "Staging", "Test"]
RIGHT, WRONG = "prod: Production, stage: Staging", "prod: Staging, stage: Production"

#: Where all three listen when nobody says otherwise.
PORTS = {"port": 18180, "desk_port": 18181, "dev_port": 18182}
#: The folder of both products' records.
KEPT = "products"

SETTINGS = """\
# A drill: the two sandboxes of `python -m sdsync.sandbox.drill open`.
server.port = {port}
[systems.desk]
connector = "request_tracker"
url       = "http://127.0.0.1:{desk_port}"
token     = "file:secrets/desk"
poll      = "1s"
[systems.dev]
connector = "redmine"
url       = "http://127.0.0.1:{dev_port}"
token     = "file:secrets/dev"
poll      = "1s"
[syncs.escalations]
desk.take = 'queue == "Escalated"'
dev.put   = {{ project = "infra", type = "bug" }}
mode      = "live"
"""
MAPPING = """\
extends: {pack}/ticket
fields:
  environment:
    at: {at}.Environment
    table: {{ {right}, test: Test }}
"""


def refused(stage: Stage, records: int) -> str:
    """The tracker's people rename a value; people at the desk go on using it."""
    tickets = stage.share(records)
    stage.act("dev", "offer", name="Environment", values=RENAMED)
    stage.edit(tickets, CustomFields={"Environment": "Production"})
    return ""


def revoked(stage: Stage, records: int) -> str:
    """The tracker takes another key from now on."""
    tickets = stage.share(records)
    stage.act("dev", "rekey", login=accounts.SERVICE_LOGIN, key=NEW_KEY)
    stage.edit(tickets, Priority="High")
    return f"the tracker's administrator has a new key for you: {NEW_KEY}"


def down(stage: Stage, records: int) -> str:
    """A proxy answers in the tracker's place."""
    tickets = stage.share(records)
    stage.tell("dev", "switches", {"html_502": True})
    stage.edit(tickets, Priority="High")
    return ""


def back(stage: Stage, records: int) -> str:
    """The tracker answers again: its people have mended it."""
    del records
    stage.tell("dev", "switches", {"html_502": False})
    return "the tracker answers again"


def differs(stage: Stage, records: int) -> str:
    """Tickets that say something else than their issues, each for a reason of its own."""
    closed, ignored, nobody = stage.share(3)
    login = accounts.SERVICE_LOGIN
    del records
    stage.act("dev", "edit", by="irina", id=stage.issue(closed), status_id=5)
    stage.tell("dev", "switches", {"ignored_field": {"fields": ["priority_id"], "login": login}})
    stage.edit([ignored], Priority="High")
    stage.edit([nobody], Owner="root")
    return f"somebody asks: why do desk#{closed}, desk#{ignored} and desk#{nobody} differ?"


def swapped(stage: Stage, records: int) -> str:
    """A colleague swaps two values of a mapping."""
    stage.share(records)
    text = stage.mapping.read_text(encoding="utf-8")
    stage.mapping.write_text(text.replace(RIGHT, WRONG), encoding="utf-8")
    return "a colleague edited mappings/dev-ticket.yaml; put it in force, as they did"


def wrong(stage: Stage, records: int) -> str:
    """People go on working, by the mapping that is in force."""
    del records
    stage.edit(stage.tickets(), CustomFields={"Environment": "Production"})
    return "somebody says: what we call Production stands under Staging there"


SCENES: dict[str, Callable[[Stage, int], str]] = {
    one.__name__: one for one in (refused, revoked, down, back, differs, swapped, wrong)
}
#: They set the scene, or end it: nobody looks at a watch.
QUIET = ("back", "swapped")


def main(argv: list[str] | None = None) -> int:
    """Set one scene; 1 with what to do where it cannot be set."""
    options = _parser().parse_args(argv)
    try:
        if options.scene == "open":
            return _open(Path.cwd(), options)
        with contextlib.closing(Stage(Path.cwd())) as stage:
            told = SCENES[options.scene](stage, options.records)
    except DrillError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    say(*filter(None, (told,)))
    if options.scene not in QUIET:
        say("start the stopwatch")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sdsync.sandbox.drill", description=__doc__)
    add = parser.add_argument
    add("scene", choices=("open", *SCENES), metavar="SCENE", help=f"open, {', '.join(SCENES)}")
    add("--records", type=int, default=40, help="how many tickets are concerned")
    add("--port", type=int, help=f"open: of sdsync; {PORTS['port']} when left out")
    add("--desk-port", type=int, help=f"open: of the desk; {PORTS['desk_port']}")
    add("--dev-port", type=int, help=f"open: of the tracker; {PORTS['dev_port']}")
    return parser


def _open(folder: Path, options: argparse.Namespace) -> int:
    """Run both products until Ctrl-C, and write what is missing here once they are there.

    Nothing is written before: what a try leaves behind that found its ports taken would
    have the next one work on the products of somebody else.
    """
    asked = {name: getattr(options, name) for name in PORTS}
    began = (folder / "sdsync.toml").exists()
    if began:
        ports = _as_asked(folder, asked)
    else:
        if any(one.name != KEPT for one in folder.iterdir()):
            raise DrillError("this folder is not empty: mkdir drill && cd drill")
        ports = {name: asked[name] or usual for name, usual in PORTS.items()}
    # A daemon of this very folder may run already.
    _free({name: port for name, port in ports.items() if name != "port" or not began}, ports)

    def bound() -> None:
        if not began:
            _write(folder, ports)
        say("both products run here; in another terminal: sdsync run")

    words = ["--desk-port", str(ports["desk_port"]), "--dev-port", str(ports["dev_port"])]
    return products.main([*words, "--save", str(folder / KEPT), "--quiet"], bound=bound)


def _as_asked(folder: Path, asked: Mapping[str, int | None]) -> dict[str, int]:
    """The ports of a drill that was begun here.

    Raises:
        DrillError: Others are asked for now.
    """
    ports = ports_of(folder)
    if any(port is not None and port != ports[name] for name, port in asked.items()):
        raise DrillError(
            f"sdsync.toml of this folder names {_flags(ports)}: leave the options out to go on "
            "with these, or begin in an empty folder: mkdir drill && cd drill"
        )
    return ports


def _free(needed: Mapping[str, int], ports: Mapping[str, int]) -> None:
    """Return when nobody listens where something shall.

    Raises:
        DrillError: Somebody does.
    """
    taken = [str(port) for port in needed.values() if not _can_bind(port)]
    if taken:
        raise DrillError(
            f"taken: port {' and '.join(taken)}, perhaps by `make run` or another drill; end "
            f"that, or choose other ports than {_flags(ports)}"
        )


def _flags(ports: Mapping[str, int]) -> str:
    """``--port 18180 --desk-port 18181 --dev-port 18182``."""
    return " ".join(f"--{name.replace('_', '-')} {port}" for name, port in ports.items())


def _can_bind(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _write(folder: Path, ports: Mapping[str, int]) -> None:
    for name in ("mappings", "secrets"):
        (folder / name).mkdir()
    for name, secret in (("desk", accounts.DESK_TOKEN), ("dev", accounts.DEV_KEY)):
        file = folder / "secrets" / name
        file.touch(0o600)
        file.write_text(f"{secret}\n", encoding="utf-8")
    for name, pack, at in (
        ("desk", "request_tracker", "CustomFields"),
        ("dev", "redmine", "custom_fields"),
    ):
        mapping = MAPPING.format(pack=pack, at=at, right=RIGHT)
        (folder / "mappings" / f"{name}-ticket.yaml").write_text(mapping, encoding="utf-8")
    # Last: who is killed before has nothing that looks whole.
    (folder / "sdsync.toml").write_text(SETTINGS.format(**ports), encoding="utf-8")


def say(*lines: str) -> None:
    """Tell the person who sets the scene, at once."""
    for one in lines:
        sys.stdout.write(f"{one}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
