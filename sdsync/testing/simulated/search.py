"""How a product finds what we made, and what people made: exactly, late, or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sdsync.connectors.contract import Answer, Find, Found, Handle, Listed
from sdsync.connectors.failures import Missing
from sdsync.store.records import Json
from sdsync.testing.simulated.faults import Faults
from sdsync.testing.simulated.native import KIND, SKEW, findable, flat, show, show_place
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import Record


def find(product: SimulatedProduct, faults: Faults, query: Find) -> Answer[Found]:
    """Look for what an intent made, by the handle that the flavour has for the kind."""
    if query.kind == KIND:
        return Found(tuple(one.id for one in _records(product, faults, query)))
    record = product.records.get(query.ref.id) if query.ref else None
    family = []  # the record asked for, and those that it is merged into
    while record is not None:
        family.append(record)
        record = product.records.get(record.merged_into) if record.merged_into else None
    if not family or family[-1].deleted:
        return Missing()
    made = {"note": _notes, "worklog": _logs}.get(query.kind, _files)
    return Found(tuple(one for record in family for one in made(product, record, query)))


def _records(product: SimulatedProduct, faults: Faults, query: Find) -> Iterable[Record]:
    handle = product.flavour.capabilities.create[KIND].handle
    path = product.flavour.mark_path
    lags = handle is not Handle.STRONG_MARK
    for record in product.records.values():
        if lags and not findable(product, record) and faults.strike("lagging search"):
            continue
        if record.deleted or record.merged_into is not None:
            continue
        if path is not None:
            if record.values[path] == query.mark:
                yield record
        elif _made_recently(product, record, query):
            yield record


def _made_recently(product: SimulatedProduct, record: Record, query: Find) -> bool:
    """Own-recent: by our account, since the intent, exactly this content as cut here."""
    if record.created_by != product.us or record.created_at < query.since - SKEW + product.offset:
        return False
    wanted, _ = product.judge(record, flat(query.values), by=product.us, birth=True)
    born, rules = record.born_values, product.flavour.rules
    # What the create left out stands there as the product starts it, and is no difference.
    identity = (product.flavour.title_path, product.flavour.text_path)
    return all(born[path] == wanted.get(path, rules[path].start) for path in identity)


def _notes(product: SimulatedProduct, record: Record, query: Find) -> Iterable[str]:
    handle = product.flavour.capabilities.create["note"].handle
    floor = query.since - SKEW + product.offset
    for note in record.notes:
        if note.author not in (product.us, query.author):
            continue
        if handle is Handle.STRONG_MARK:
            if note.mark == query.mark:
                yield note.id
        elif note.created_at >= floor and note.body == query.values.get("body"):
            yield note.id


def _logs(product: SimulatedProduct, record: Record, query: Find) -> Iterable[str]:
    floor = query.since - SKEW + product.offset
    ours = [one for one in record.logs if one.author == product.us and one.created_at >= floor]
    sent = (query.values.get("seconds"), query.values.get("text"))
    exact = [one.id for one in ours if (one.seconds, one.text) == sent]
    # What somebody edited meanwhile is no longer what we sent, and ours all the same.
    yield from exact or (one.id for one in ours if one.edited_at is not None)


def _files(product: SimulatedProduct, record: Record, query: Find) -> Iterable[str]:
    floor = query.since - SKEW + product.offset
    for file in record.files:
        ours = file.author == product.us and file.created_at >= floor
        if ours and file.name == query.values.get("name"):
            yield file.id


def search(
    product: SimulatedProduct, faults: Faults, place: str | None, path: str, value: Json
) -> Answer[Found]:
    """Records of a place, or of all, whose field has the value."""
    if place is not None and place not in product.places:
        return Missing()
    shown = [
        key
        for key, one in product.places.items()
        if place in (None, key) and not show_place(product, one).archived
    ]
    hits = []
    for record in product.records.values():
        if record.place not in shown or record.deleted or record.merged_into is not None:
            continue
        if not findable(product, record) and faults.strike("lagging search"):
            continue
        if record.values.get(path) == value:
            hits.append(record.id)
    return Found(tuple(hits))


#: Short, so that every test of a list has several pages.
PAGE = 3


def records(product: SimulatedProduct, place: str, after: str) -> Answer[Listed]:
    """A page of a place's records, without notes, files, history and the long text."""
    if place not in product.places:
        return Missing()
    last = int(after or 0)
    there = [
        one
        for one in product.records.values()
        if one.place == place
        and one.number > last
        and not one.deleted
        and not one.forbidden
        and one.merged_into is None
    ]
    rows = sorted(there, key=lambda one: one.number)[:PAGE]
    text = product.flavour.text_path
    shown = (show(product, one) for one in rows)
    page = tuple(
        replace(
            one,
            values={name: value for name, value in one.values.items() if name != text},
            unknown=one.unknown | {text},
            version=None,
            notes=None,
            attachments=None,
            history=None,
        )
        for one in shown
    )
    return Listed(page, str(rows[-1].number) if rows else None)
