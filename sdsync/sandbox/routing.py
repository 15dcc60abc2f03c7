"""Paths of a product, and who may call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from starlette.routing import compile_path

from sdsync.sandbox.call import Answer, Call, Json
from sdsync.sandbox.world import World

Handler = Callable[[Call], Answer]
ALL: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """One path pattern in starlette's writing, its methods and its handler."""

    methods: frozenset[str]
    pattern: str
    handler: Handler


def rule(methods: str, pattern: str, handler: Handler) -> Rule:
    """``methods`` is a list with spaces: "GET PUT"."""
    return Rule(frozenset(methods.split()), pattern, handler)


class Router:
    """Finds the handler of a call; first match wins."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [(compile_path(one.pattern)[0], one) for one in rules]

    def find(self, call: Call) -> Handler | None:
        """The handler, with ``call.params`` filled; None: no such path or method."""
        method = "GET" if call.method == "HEAD" else call.method
        for regex, one in self._rules:
            found = regex.match(call.path)
            if found and method in one.methods:
                call.params = found.groupdict()
                return one.handler
        return None


class Product(Protocol):
    """What the server needs of a dialect."""

    world: World
    router: Router

    def authenticate(self, call: Call) -> Answer | None:
        """Set ``call.login``; an answer when the credential is refused."""

    def missing(self, call: Call) -> Answer:
        """What the product says to an unknown path."""
        ...

    def failed(self, status: int, text: str) -> Answer:
        """How the product words an error of its own."""
        ...

    def act(self, action: str, by: str, fields: dict[str, Json]) -> Json:
        """Do something as a person does in the product's own pages."""

    def dump(self, after: Mapping[str, int] = ALL) -> Json:
        """Records by kind: all, or of the kinds that ``after`` names those above its number."""

    def back_up(self) -> None:
        """Make a backup of all records, in the place of the last one."""

    def put_back(self) -> None:
        """Put the backup in the place of all records; KeyError without one."""

    def reset(self) -> None:
        """Back to the seed."""


def dumped(tables: Mapping[str, Iterable[Any]], after: Mapping[str, int]) -> Json:
    """Records of a product, dataclasses with an ``id``; see :meth:`Product.dump`."""
    return {
        kind: [asdict(one) for one in tables[kind] if not after or one.id > after[kind]]
        for kind in after or tables
    }
