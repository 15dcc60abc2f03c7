"""Operations of our account, carried out on a product: what really takes effect."""

from __future__ import annotations

from sdsync.connectors.contract import (
    AddElement,
    Answer,
    Create,
    Done,
    EditElement,
    Handle,
    Operation,
    RemoveElement,
    Update,
)
from sdsync.connectors.failures import Conflict, Failure, Forbidden, Missing, Rejected, Transient
from sdsync.store.records import Ref
from sdsync.testing.simulated.faults import Faults
from sdsync.testing.simulated.native import flat
from sdsync.testing.simulated.product import Refused, SimulatedProduct
from sdsync.testing.simulated.things import Record
from sdsync.testing.simulated.truth import truth_of


def reach(product: SimulatedProduct, ref: Ref) -> Record | Failure:
    """The record that answers to ``ref``: the survivor when it was merged."""
    record = product.records.get(ref.id)
    while record is not None and record.merged_into is not None:
        record = product.records.get(record.merged_into)
    if record is None or record.deleted:
        return Missing()
    if record.missing_until is not None and product.clock.now() < record.missing_until:
        return Missing()
    if record.forbidden or product.places[record.place].archived:
        return Forbidden("no right to see this record")
    return record


def carry_out(product: SimulatedProduct, faults: Faults, operation: Operation) -> Answer[Done]:
    """Do it, as this product does such things."""
    try:
        if isinstance(operation, Create):
            return _create(product, operation)
        record = reach(product, operation.ref)
        if not isinstance(record, Record):
            return record
        match operation:
            case Update():
                return _update(product, faults, record, operation)
            case AddElement():
                return _add(product, record, operation)
            case EditElement():
                return _edit(product, record, operation)
            case RemoveElement():
                return _remove(product, record, operation)
    except Refused as refusal:
        return Rejected(refusal.paths, str(refusal))


def _create(product: SimulatedProduct, operation: Create) -> Answer[Done]:
    flavour = product.flavour
    values = flat(operation.values)
    values.pop(flavour.place_path, None)
    if flavour.mark_path is not None:
        values[flavour.mark_path] = operation.mark
    title = values.get(flavour.title_path)
    if not title:
        return Rejected((flavour.title_path,), "a title is needed")
    if flavour.refuses_loudly:
        unfit = [path for path in values if path not in flavour.rules]
        if unfit:
            return Rejected(tuple(unfit), "unknown field")
    record = product.create(
        operation.place, values, by=product.us, intent=operation.intent,
        truth=truth_of(values.get(flavour.text_path), operation.intent),
    )  # fmt: skip
    return Done(record.id, str(record.version) if flavour.capabilities.compare_and_set else None)


def _update(
    product: SimulatedProduct, faults: Faults, record: Record, operation: Update
) -> Answer[Done]:
    flavour = product.flavour
    cas = flavour.capabilities.compare_and_set
    if cas and operation.if_version is not None and operation.if_version != str(record.version):
        faults.note("conflicting edit")
        return Conflict()
    if record.broken_until is not None and product.clock.now() < record.broken_until:
        faults.note("record fails")
        return Transient("500, nothing changed")
    values = flat(operation.values)
    _, refused = product.judge(record, values, by=product.us)
    if refused and flavour.refuses_loudly:
        named = tuple(refused) if faults.rand.random() < 0.5 else ()
        return Rejected(named, "not accepted")
    if faults.strike("ignored field"):
        values.pop(faults.rand.choice(sorted(values)), None)
    if any(_is_cut(product, path, value) for path, value in values.items()):
        faults.note("truncated title")
    before = record.values.get(flavour.status_path)
    product.write(record, values, by=product.us)
    complaints = tuple(f"{path}: not changed" for path in refused) if cas else ()
    if refused and before is not None:
        faults.note("refused without a word" if not cas else "refused in a sentence")
    return Done(None, str(record.version) if cas else None, complaints)


def _is_cut(product: SimulatedProduct, path: str, value: object) -> bool:
    rule = product.flavour.rules.get(path)
    return bool(rule and rule.limit and isinstance(value, str) and len(value) > rule.limit)


def _add(product: SimulatedProduct, record: Record, operation: AddElement) -> Answer[Done]:
    handle = product.flavour.capabilities.create[operation.kind].handle
    if handle is Handle.IDEMPOTENCY_KEY and operation.intent in product.keyed:
        return Done(product.keyed[operation.intent])
    internal = bool(operation.values.get("internal", False))
    if operation.kind == "note":
        body = str(operation.values["body"])
        made = product.note(
            record, body, internal=internal, by=operation.author or product.us,
            mark=operation.mark, intent=operation.intent, truth=truth_of(body, operation.intent),
        ).id  # fmt: skip
    elif operation.kind == "worklog":
        text = str(operation.values["text"])
        made = product.log_work(
            record, int(str(operation.values["seconds"])), text, by=product.us,
            intent=operation.intent, truth=truth_of(text, operation.intent),
        ).id  # fmt: skip
    else:
        content = operation.content or b""
        made = product.attach(
            record, str(operation.values["name"]), content, internal=internal, by=product.us,
            intent=operation.intent,
            truth=truth_of(content.decode("utf-8", "replace"), operation.intent),
        ).id  # fmt: skip
    product.keyed[operation.intent] = made
    return Done(made, _version(product, record))


def _edit(product: SimulatedProduct, record: Record, operation: EditElement) -> Answer[Done]:
    if operation.kind == "worklog":
        return _edit_log(product, record, operation)
    if not product.flavour.capabilities.edits_notes:
        return Rejected((), "notes stay as they are here")
    note = next((one for one in record.notes if one.id == operation.native_id), None)
    if note is None:
        return Missing()
    body = str(operation.values.get("body", note.body))
    internal = bool(operation.values.get("internal", note.internal))
    product.edit_note(
        record, note, by=product.us, body=body, internal=internal, truth=truth_of(body, note.truth)
    )
    return Done(note.id, _version(product, record))


def _edit_log(product: SimulatedProduct, record: Record, operation: EditElement) -> Answer[Done]:
    if not product.flavour.capabilities.edits_worklogs:
        return Rejected((), "logged time stays as it is here")
    log = next((one for one in record.logs if one.id == operation.native_id), None)
    if log is None:
        return Missing()
    seconds = int(str(operation.values.get("seconds", log.seconds)))
    text = str(operation.values.get("text", log.text))
    product.edit_log(record, log, by=product.us, seconds=seconds, text=text)
    return Done(log.id, _version(product, record))


def _remove_log(
    product: SimulatedProduct, record: Record, operation: RemoveElement
) -> Answer[Done]:
    if not product.flavour.capabilities.edits_worklogs:
        return Rejected((), "logged time stays here")
    for log in record.logs:
        if log.id == operation.native_id:
            product.remove_log(record, log, by=product.us)
            return Done(None, _version(product, record))
    return Missing()


def _remove(product: SimulatedProduct, record: Record, operation: RemoveElement) -> Answer[Done]:
    if operation.kind == "worklog":
        return _remove_log(product, record, operation)
    if not product.flavour.capabilities.removes_notes:
        return Rejected((), "nothing is taken back here")
    for note in record.notes if operation.kind == "note" else ():
        if note.id == operation.native_id:
            product.remove_note(record, note, by=product.us)
            return Done(None, _version(product, record))
    for file in record.files if operation.kind == "attachment" else ():
        if file.id == operation.native_id:
            product.remove_file(record, file, by=product.us)
            return Done(None, _version(product, record))
    return Missing()


def _version(product: SimulatedProduct, record: Record) -> str | None:
    return str(record.version) if product.flavour.capabilities.compare_and_set else None
