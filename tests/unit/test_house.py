"""The house keeps its shape: imports point one way, products are known in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sdsync
from sdsync.connectors.registry import BUILT_IN

HOUSE = Path(sdsync.__file__).resolve().parent

GROUND = frozenset[str]()
STORE = GROUND | {"config"}
RATELIMIT = STORE | {"store"}
MAPPINGS = RATELIMIT | {"ratelimit"}
CONNECTORS = MAPPINGS | {"mappings"}
SYNC = CONNECTORS | {"connectors"}
SERVER = SYNC | {"sync"}
CLI = SERVER | {"server"}

#: Folder -> folders it may import. A folder that is not listed fails the test:
#: a new room gets its place in the order on the day it is built.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "config": GROUND,
    "store": STORE,
    "ratelimit": RATELIMIT,
    "mappings": MAPPINGS,
    "connectors": CONNECTORS,
    "sync": SYNC,
    "server": SERVER,
    "cli": CLI,
    "sandbox": SYNC,  # connectors and below
    "testing": SYNC | {"sandbox"},  # … and the sandboxes that the kit drives
    "__main__": frozenset({"cli"}),
    "__init__": GROUND,
}

#: Where a product may be called by its name.
PRODUCTS_ARE_KNOWN_IN = ("connectors/registry.py", "sandbox/", "testing/")


def modules() -> list[Path]:
    return sorted(path.relative_to(HOUSE) for path in HOUSE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> Iterator[tuple[int, str]]:
    """(line, room) of each import of ours, those inside functions too."""
    package = ("sdsync", *path.with_suffix("").parts)[:-1]
    for node in ast.walk(ast.parse((HOUSE / path).read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                targets = [alias.name for alias in names]
            case ast.ImportFrom(module=module, level=level, names=names):
                base = package[: len(package) - level + 1] if level else ()
                start = ".".join((*base, *([module] if module else [])))
                targets = [f"{start}.{alias.name}" for alias in names]
            case _:
                continue
        for target in targets:
            top, _, below = target.partition(".")
            if top == "sdsync" and below:
                yield node.lineno, below.split(".")[0]


@pytest.mark.parametrize("path", modules(), ids=str)
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(path)
    assert room in MAY_IMPORT, f"{room} has no place in the order of imports: add it to MAY_IMPORT"
    allowed = MAY_IMPORT[room] | {room, "__version__"}

    wrong = [
        f"sdsync/{path}:{line} imports {other}"
        for line, other in imported_rooms(path)
        if other not in allowed
    ]

    assert not wrong, "; ".join(wrong)


def test_the_order_of_rooms_has_no_circle() -> None:
    for room, allowed in MAY_IMPORT.items():
        assert not [other for other in allowed if room in MAY_IMPORT[other]]


def products() -> tuple[str, ...]:
    """The word of a product is the same in configuration, in its folder and here."""
    return tuple(sorted(BUILT_IN))


def docstrings(tree: ast.Module) -> set[int]:
    """Ids of nodes that are prose for people."""
    prose = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            prose.add(id(node.value))
    return prose


def names_in(path: Path) -> Iterator[tuple[int, str]]:
    """(line, word) of identifiers and texts of a module; comments and docstrings are prose."""
    tree = ast.parse((HOUSE / path).read_text(encoding="utf-8"))
    prose = docstrings(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.keyword(arg=str(word)):
                yield node.lineno, word
            case ast.Constant(value=str(word)) if id(node) not in prose and " " not in word.strip():
                yield node.lineno, word  # a sentence may give an example; a bare word decides
            case ast.FunctionDef(name=word) | ast.ClassDef(name=word):
                yield node.lineno, word
            case ast.ImportFrom(module=str(word)):
                yield node.lineno, word


def test_only_the_registry_knows_products_by_name() -> None:
    wrong = []
    for path in modules():
        text = path.as_posix()
        if text.startswith(PRODUCTS_ARE_KNOWN_IN):
            continue
        own = path.parts[1] if text.startswith("connectors/") and len(path.parts) > 2 else None
        for product in products():
            if product == own:
                continue
            forms = {product, product.replace("_", "")}
            for line, word in names_in(path):
                if any(form in word.lower() for form in forms):
                    wrong.append(f"sdsync/{text}:{line} says {word!r}")

    assert not wrong, "; ".join(wrong)


def test_every_folder_of_the_house_is_a_package() -> None:
    bare = {p.parent for p in HOUSE.rglob("*.py")} - {p.parent for p in HOUSE.rglob("__init__.py")}

    # Migrations are scripts that Alembic loads by path.
    assert not {folder for folder in bare if "migrations" not in folder.parts}


def test_every_folder_of_tests_is_a_package() -> None:
    tests = Path(__file__).resolve().parents[1]

    bare = {p.parent for p in tests.rglob("test_*.py")} - {
        p.parent for p in tests.rglob("__init__.py")
    }

    assert not bare, "two test files of one name collide without __init__.py"
