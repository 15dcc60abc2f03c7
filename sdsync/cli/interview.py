"""The questions of ``sdsync init``: each answer is tried on the product before it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdsync.cli import answers
from sdsync.cli.answers import LISTED
from sdsync.cli.newfile import NewFile, NewSystem
from sdsync.cli.questions import Asker, Back, Unfit

if TYPE_CHECKING:
    from sdsync.connectors.contract import Description, PlaceInfo

#: The type that is proposed where the product has one for it.
PROPOSED_TYPE = "bug"


@dataclass(frozen=True, slots=True)
class Met:
    """A system as answered, and what it told; None: it was not asked."""

    new: NewSystem
    place_word: str
    said: Description | None

    def known(self) -> Mapping[str, str]:
        """The instance -> how it is called here; nothing where it was not asked."""
        return {self.said.identity: self.new.name} if self.said is not None else {}


@dataclass(frozen=True, slots=True)
class Side:
    """Which options answer the questions about a system, and what is proposed."""

    prefix: str  # "" of the first, "other-" of the second
    title: str
    first: Met | None = None  # the system that was answered already


def interview(asker: Asker, folder: Path, *, tested: bool) -> NewFile:
    """Ask everything, in the order in which a person can answer.

    Args:
        asker: Where answers come from.
        folder: Where the file will stand: relative references start there.
        tested: Ask the systems themselves; False leaves addresses and places unproved.

    Raises:
        CommandError: An answer is missing or wrong, and nobody can be asked.
    """
    first_product, second_product = _pair()
    asker.lacking(_all_options(first_product, second_product, tested=tested))
    first = _system(asker, Side("", "FIRST SYSTEM"), first_product, folder, tested=tested)
    other = Side("other-", "SECOND SYSTEM", first)
    second = _system(asker, other, second_product, folder, tested=tested)
    asker.say("\nWHAT THEY SHARE")
    asker.lacking({"take": _only(first, "take"), "put": _only(second, "put")})
    taken = _place(asker, "take", f"Which {first.place_word} enters", first)
    put = _place(asker, "put", f"In which {second.place_word} is a new one born", second)
    type_ = _type(asker, second, put)
    names = {first.new.name, second.new.name}
    sync = asker.ask("sync", "Name of the sync", answers.Name(names), proposed="escalations")
    words = first.place_word, second.place_word
    return NewFile(first.new, second.new, sync, taken, words[0], put, words[1], type_)


def _pair() -> tuple[str, str]:
    """The products that are proposed: as their systems are called, a desk before a dev."""
    from sdsync.connectors import registry

    names = sorted(answers.products(), key=lambda one: (registry.day_one(one).system, one))
    return names[0], names[min(1, len(names) - 1)]


def _all_options(first: str, second: str, *, tested: bool) -> Mapping[str, str | None]:
    """Every question's option, and what is proposed; places may yet be proposed by a product."""
    told: dict[str, str | None] = {}
    for prefix, product in (("", first), ("other-", second)):
        told |= {f"{prefix}product": product, f"{prefix}url": None}
        told |= {f"{prefix}token": "by the product", f"{prefix}name": "by the product"}
    if not tested:
        told |= {"take": None, "put": None}
    return told


# -- one system ------------------------------------------------------------------------
def _system(asker: Asker, side: Side, product: str, folder: Path, *, tested: bool) -> Met:
    from sdsync.cli import probing
    from sdsync.cli.page import clean
    from sdsync.connectors import registry

    asker.say(f"\n{side.title}")
    connector = asker.ask(
        f"{side.prefix}product", "Product", answers.product, proposed=product, about=_products()
    )
    words = registry.day_one(connector)
    taken = () if side.first is None else (side.first.new.name,)
    proposed = words.system if words.system not in taken else f"{words.system}2"
    check = answers.Name(taken, of_system=True)
    name = asker.ask(f"{side.prefix}name", "Name", check, proposed=proposed)
    address = _address(asker, side, words.url)
    told = _met(asker, side, connector, name, address, folder, tested=tested)
    new, said = told
    if said is not None:
        asker.say(f"  {clean(probing.told_of(said, words.place))}")
    return Met(new, words.place, said)


def _met(
    asker: Asker,
    side: Side,
    connector: str,
    name: str,
    address: str,
    folder: Path,
    *,
    tested: bool,
) -> tuple[NewSystem, Description | None]:
    """The credential; with it the system itself is asked, and what it says is the check."""
    from sdsync.connectors import registry

    words = registry.day_one(connector)
    where = address
    while True:
        known = side.first.known() if side.first is not None else {}
        asked = answers.Credential(connector, name, where, folder, known, tested=tested)
        try:
            token, said = asker.ask(
                f"{side.prefix}token",
                "Credential, as a reference",
                asked,
                proposed=words.token,
                about=(
                    f"made so: {words.credential}",
                    "env:NAME, file:PATH or keyring:SERVICE/USER; never the secret itself",
                ),
                back=answers.ADDRESS,
            )
        except Back:  # the connection failed for the address's sake
            where = asker.ask("", "Address", _address_of(side), proposed=where)
        else:
            return NewSystem(name, connector, where, token), said


def _address(asker: Asker, side: Side, example: str) -> str:
    about = (f"such as {example}",)
    return asker.ask(f"{side.prefix}url", "Address", _address_of(side), about=about)


def _address_of(side: Side) -> answers.Address:
    taken = () if side.first is None else ((side.first.new.url, side.first.new.name),)
    return answers.Address(dict(taken))


def _products() -> Sequence[str]:
    from sdsync.connectors import registry

    return [f"{one}: {registry.capabilities(one).product}" for one in answers.products()]


# -- what is shared --------------------------------------------------------------------
def _place(asker: Asker, option: str, question: str, met: Met) -> str:
    """A place that the system has; without a look at it, any name."""
    if met.said is None:
        return asker.ask(option, question, answers.some)
    usable = _usable(met.said, option)
    listed = sorted(usable)
    more = f" and {len(listed) - LISTED} more" if len(listed) > LISTED else ""
    about = (f"{', '.join(listed[:LISTED])}{more}",) if listed else ()
    seen = met.said.places
    check = answers.Place(met.new.name, met.place_word, seen, usable, writes=option == "put")
    return asker.ask(option, question, check, proposed=_only(met, option), about=about)


def _usable(said: Description, option: str) -> Mapping[str, PlaceInfo]:
    return {
        key: one
        for key, one in said.places.items()
        if not one.archived and (option == "take" or one.may_create)
    }


def _only(met: Met, option: str) -> str | None:
    """The place that is proposed, since there is no other."""
    places = tuple(_usable(met.said, option)) if met.said else ()
    return places[0] if len(places) == 1 else None


def _type(asker: Asker, met: Met, put: str) -> str | None:
    """What a new one is, where the product's pack knows types; None: the product has none."""
    words = _types(met, put)
    if not words:
        return None
    proposed = PROPOSED_TYPE if PROPOSED_TYPE in words else words[0]

    def check(typed: str) -> str:
        from sdsync.config.problems import one_of

        if typed not in words:
            raise Unfit(f"expected {one_of(words)}")
        return typed

    return asker.ask("type", "As what", check, proposed=proposed, about=(", ".join(words),))


def _types(met: Met, put: str) -> Sequence[str]:
    """Canonical types that the pack writes as a word which this place has."""
    from sdsync.mappings.compile import compile_mapping
    from sdsync.mappings.lenses.words import Words

    mapping = compile_mapping(met.new.name, met.new.connector, "ticket", folder=None, tables={})
    rule = mapping.rules.get("type")
    if rule is None or rule.path is None or not isinstance(rule.lens, Words):
        return ()
    place = met.said.places.get(put) if met.said else None
    info = place.fields.get(rule.path.text) if place else None
    known = info.values if info else None
    return [
        word
        for word, natives in rule.lens.table.items()
        if known is None or any(one in known for one in natives)
    ]
