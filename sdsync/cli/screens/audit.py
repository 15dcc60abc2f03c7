"""Whether the trail is whole, on 80 columns: an account first, then what is wrong with it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sdsync.cli.page import BAD, GOOD, WARN, WIDTH, Page, clean, cure, line, wrapped
from sdsync.cli.words import count

if TYPE_CHECKING:
    from sdsync.store.anchors import AnchorReport
    from sdsync.store.audit import VerifyReport
    from sdsync.store.exporting import Exported
    from sdsync.store.proof import Proof

_NO_KEY = "openssl genpkey -algorithm ed25519 -out audit.pem, then audit.sign in sdsync.toml"


def draw_exported(done: Exported, width: int = WIDTH) -> Page:
    """What was written, and how whoever gets it can check it."""
    page = [line((str(done.path), GOOD)), *_content(done, width)]
    if done.key is None:
        page += [*wrapped(line(("not signed: ", WARN)), "nothing proves who made it", width=width)]
        page.append(cure(_NO_KEY))
    else:
        page.append(line(f"signed, in {done.path.name}.sig, with {done.key}"))
    page.append(cure(f"sdsync audit verify {done.path}{' --key PUBLIC' if done.key else ''}"))
    return page


def draw_handed_out(done: Exported, width: int = WIDTH) -> Page:
    """What went to standard output, where no signature can lie beside it."""
    told = "a signature needs a file: -o FILE"
    return [*_content(done, width), *wrapped(line(("not signed: ", WARN)), told, width=width)]


def _content(done: Exported, width: int) -> Page:
    page = wrapped(
        line(), _records(done.records, done.first, done.last, done.left_out), width=width
    )
    if done.unsound:
        told = f"{count(done.unsound, 'record')} did not fit the store's chain, and say so"
        page += [
            *wrapped(line(), line((told, BAD)).plain, width=width),
            cure("sdsync audit verify"),
        ]
    return page


def draw_trail(report: VerifyReport, heads: AnchorReport | None, width: int = WIDTH) -> Page:
    """The store's own trail, and the heads that were noted of it elsewhere."""
    told = f"{count(report.records, 'record')}, {report.sealed:,} sealed, {report.erased:,} erased"
    told += f", the first {report.cut:,} cut by retention" if report.cut else ""
    page = [line((f"the trail is whole: {told}", GOOD))]
    if report.problem is not None:
        page = wrapped(
            line(("the trail is not whole: ", BAD)), report.problem, width=width, indent=1
        )
        page.append(line(told))
    return page + (draw_heads(heads, width) if heads is not None else [])


def draw_heads(heads: AnchorReport, width: int = WIDTH) -> Page:
    """What an anchor file says about the trail."""
    if heads.unread:
        told = wrapped(line(("no anchor says so: ", BAD)), heads.unread, width=width, indent=1)
        return [*told, cure(f"ls -l {heads.path}")]
    named = f"{heads.path}: {count(heads.lines, 'anchor')}"
    if heads.ok:
        newest = f", the newest of record {heads.newest:,}; the trail has them all"
        return wrapped(line(), f"{named}{newest}", width=width, indent=1)
    page = wrapped(
        line((f"{clean(named)} ", BAD)), "and the trail is another", width=width, indent=1
    )
    for one in heads.problems:
        page += wrapped(line(" "), one, width=width)
    return page + _more(heads.more)


def draw_proof(found: Proof, expected: bool, width: int = WIDTH) -> Page:
    """An export: what it holds, who signed it, what is wrong with it.

    Args:
        expected: Somebody said whose signature it must bear.
    """
    page = [line((f"{clean(found.path)} {'is whole' if found.ok else 'is not whole'}",
                  GOOD if found.ok else BAD))]  # fmt: skip
    for one in found.flaws:
        page += wrapped(line(" ", (f"{one.kind}  ", BAD)), one.told, width=width, indent=3)
    page += _more(found.more)
    page += wrapped(
        line(), _records(found.records, found.first, found.last, found.left_out), width=width
    )
    if found.head:
        page += wrapped(line(), _origin(found), width=width)
    if found.signed_by is not None:
        page += wrapped(line(), f"signed with {found.signed_by}", width=width)
        if not expected:
            page.append(cure(f"sdsync audit verify {found.path} --key PUBLIC: is it theirs?"))
    elif found.ok:
        page.append(line(("not signed: ", WARN), "nothing proves who made it"))
    return page


def _origin(found: Proof) -> str:
    head = found.head
    told = f"exported {_day(head.get('at'))} by {head.get('by')} from store {head.get('store')}"
    if head.get("record") is not None:
        told += f", of {head['record']} alone"
    bounds = [f"{word} {_day(head.get(word))}" for word in ("since", "until") if head.get(word)]
    if isinstance(cut := head.get("cut"), dict):
        told += f", whose first {cut.get('seq')} records retention had cut"
    return told + "".join(f", {one}" for one in bounds)


def _day(at: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(at)):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return "at an unknown time"


def _records(records: int, first: int | None, last: int | None, left_out: int) -> str:
    if not records:
        return "no records"
    told = f"{count(records, 'record')}, {first:,} to {last:,}"
    return told + (f"; {left_out:,} of others between them are left out" if left_out else "")


def _more(number: int) -> Page:
    return [line(f" {number:,} more")] if number else []
