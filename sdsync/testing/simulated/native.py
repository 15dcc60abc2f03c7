"""Nested native values as packs name them, and records as a product shows them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sdsync.connectors.contract import FieldInfo, NativeElement, NativeRecord, PlaceInfo
from sdsync.store.records import Json, Ref
from sdsync.testing.simulated.flavours import Flavour
from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import File, Log, Note, Place, Record

KIND = "ticket"


def nested(flat: Mapping[str, Json]) -> dict[str, Json]:
    """``{"CustomFields.Tags": …}`` as ``{"CustomFields": {"Tags": …}}``."""
    shaped: dict[str, Json] = {}
    for path, value in flat.items():
        head, _, rest = path.partition(".")
        if rest:
            inner = shaped.setdefault(head, {})
            assert isinstance(inner, dict)
            inner[rest] = value
        else:
            shaped[head] = value
    return shaped


def flat(values: Mapping[str, Json]) -> dict[str, Json]:
    """The other way round."""
    paths: dict[str, Json] = {}
    for head, value in values.items():
        if isinstance(value, dict):
            paths.update({f"{head}.{rest}": inner for rest, inner in value.items()})
        else:
            paths[head] = value
    return paths


def note_values(product: SimulatedProduct, record: Record, note: Note) -> dict[str, Json]:
    """A note's native values; ``audience`` is what flag and place together make of it."""
    return {
        "body": note.body,
        "internal": note.internal,
        "format": "plain",
        "author": product.people[note.author].name,
        "audience": product.audience(record, note),
    }


def file_values(product: SimulatedProduct, record: Record, file: File) -> dict[str, Json]:
    """A file's native values."""
    return {
        "name": file.name,
        "media_type": file.media_type,
        "size": len(file.content),
        "audience": product.audience(record, file),
    }


def show(product: SimulatedProduct, record: Record) -> NativeRecord:
    """The record as the product's API shows it now; equal versions share the answer."""
    if record.shown is None:
        record.shown = _show(product, record)
    return record.shown


def _show(product: SimulatedProduct, record: Record) -> NativeRecord:
    flavour = product.flavour
    values = {
        path: list(value) if isinstance(value, list) else value
        for path, value in record.values.items()
    }
    status = str(values[flavour.status_path])
    mark = values.get(flavour.mark_path) if flavour.mark_path else None
    key = flavour.key_form.format(place=record.place, number=record.number)
    return NativeRecord(
        ref=Ref(product.name, KIND, record.id),
        place=record.place,
        key=key,
        url=f"https://{product.name}.example.org/{record.number}",
        values=nested({**values, flavour.place_path: record.place}),
        unknown=frozenset(),
        created_at=record.created_at,
        created_by=record.created_by,
        closed=status in flavour.closed,
        version=str(record.version) if flavour.capabilities.compare_and_set else None,
        mark=str(mark) if mark else None,
        notes=tuple(show_note(product, record, one) for one in record.notes),
        attachments=tuple(show_file(product, record, one) for one in record.files),
        worklogs=_logs(product, record),
        history=tuple(record.history) if flavour.history else None,
        allowed_status=_allowed(flavour, status),
        state="live",
        ours=record.created_by == product.us,
    )


def _allowed(flavour: Flavour, status: str) -> tuple[str, ...] | None:
    if flavour.transitions is None:
        return None
    return (status, *flavour.transitions[status])


def partial(shown: NativeRecord, rand: random.Random) -> NativeRecord:
    """A read that proves one field, or the notes, not: the value it bears there is none."""
    names = sorted(flat(shown.values).keys() - {"Status", "status", "list"})
    gap = rand.choice(names)
    values = nested({path: one for path, one in flat(shown.values).items() if path != gap})
    notes = None if rand.random() < 0.5 else shown.notes
    return replace(shown, values=values, unknown=frozenset({gap}), notes=notes)


def show_note(product: SimulatedProduct, record: Record, note: Note) -> NativeElement:
    """A note as the API shows it."""
    return NativeElement(
        kind="note",
        native_id=note.id,
        author=note.author,
        created_at=note.created_at,
        values=note_values(product, record, note),
        edited_at=note.edited_at,
        mark=note.mark,
        ours=note.author == product.us,
    )


def show_file(product: SimulatedProduct, record: Record, file: File) -> NativeElement:
    """A file as the API shows it."""
    return NativeElement(
        kind="attachment",
        native_id=file.id,
        author=file.author,
        created_at=file.created_at,
        values=file_values(product, record, file),
        ours=file.author == product.us,
    )


def _logs(product: SimulatedProduct, record: Record) -> tuple[NativeElement, ...] | None:
    if "worklog" not in product.flavour.capabilities.create:
        return None
    return tuple(show_log(product, one) for one in record.logs)


def show_log(product: SimulatedProduct, log: Log) -> NativeElement:
    """Logged time as the API shows it; only staff see it."""
    return NativeElement(
        kind="worklog",
        native_id=log.id,
        author=log.author,
        created_at=log.created_at,
        values={
            "seconds": log.seconds,
            "text": log.text,
            "author": product.people[log.author].name,
            "audience": "internal",
        },
        edited_at=log.edited_at,
        ours=log.author == product.us,
    )


def show_place(product: SimulatedProduct, place: Place) -> PlaceInfo:
    """A place as our account sees it; its rights are told truly."""
    flavour = product.flavour
    proved = {place.default_audience}
    if flavour.private_flag and place.private_right:
        proved.add("internal")
    return PlaceInfo(
        key=place.key,
        native_id=place.native_id,
        default_audience=place.default_audience,
        public=place.public,
        may_create=place.may_create and not place.archived,
        proved_audiences=frozenset(proved),
        fields={
            path: FieldInfo(
                path,
                rule.values,
                write_once=rule.write_once,
                max_length=rule.limit,
                multiple=rule.multiple,
            )
            for path, rule in flavour.rules.items()
        },
        transitions=flavour.transitions,
        archived=place.archived,
    )


def findable(product: SimulatedProduct, record: Record) -> bool:
    """Whether a search knows the record by now."""
    indexed = record.indexed_at
    return not record.deleted and (indexed is None or indexed <= product.clock.now())


#: How far an own-recent list looks back before the intent: clocks differ.
SKEW = timedelta(minutes=6)
