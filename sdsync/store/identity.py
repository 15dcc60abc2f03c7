"""Which store this is: its id and epoch, and the witness beside it (law 32).

A store that was restored or cloned cannot know it by itself. The witness is a
small signed file outside the database; where the two disagree, the store is
suspect until :meth:`Identities.new_epoch` is called.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from sdsync.store import tables
from sdsync.store.base import Base
from sdsync.store.codec import encode, instant, load, micros
from sdsync.store.dialect import Link
from sdsync.store.owners import hand_over
from sdsync.store.semantics import Identity
from sdsync.store.statements import upsert
from sdsync.store.upgrading import META_OF
from sdsync.store.vault import Vault

META_PUT = upsert(tables.meta)
#: In the meta table: where the tables were when they were made, or trusted last.
HOME = "home"
#: In the meta table: that it came back from a backup; empty once it is trusted.
RESTORED = "restored"
#: In the meta table: when it was trusted last, in microseconds.
TRUSTED = "trusted"


@dataclass(frozen=True, slots=True)
class Witness:
    """What the file beside the store says: the last seal that it saw."""

    store_id: str
    epoch: int
    seq: int = 0
    head: str = ""
    home: str = ""  # which file held the database; empty on a server


class WitnessFile:
    """The witness on disk; every write is whole and synced."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self.path = path
        self._vault = vault

    @property
    def home(self) -> str:
        """The database's file as its file system numbers it: a copy is another one."""
        try:
            return str(self._database.stat().st_ino)
        except OSError:
            return ""

    @property
    def _database(self) -> Path:
        return self.path.with_suffix("")

    def read(self) -> Witness | None:
        """What it says; None when there is no file.

        Raises:
            ValueError: It was written without the store's key, or is damaged.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            said = load(text)
            signature = said.pop("signature")
            witness = Witness(**said)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ValueError(f"{self.path}: no witness file, or a damaged one") from None
        if not secrets.compare_digest(str(signature), self._vault.sign(encode(asdict(witness)))):
            raise ValueError(f"{self.path}: signed by another store's key")
        return witness

    def write(self, witness: Witness) -> None:
        """Replace the file; it notes which database lies beside it."""
        said = asdict(replace(witness, home=self.home))
        text = encode({**said, "signature": self._vault.sign(encode(said))})
        # Of a name that nobody else has: two processes may have sealed at once.
        handle, fresh = mkstemp(dir=self.path.parent, prefix=f"{self.path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                hand_over(handle, self._like)
                file.write(text + b"\n")
                file.flush()
                os.fsync(file.fileno())
            Path(fresh).replace(self.path)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise

    @property
    def _like(self) -> Path:
        """Whose it is: the store's file's, which a server has not."""
        usual = (self._database, self.path, self.path.parent)
        return next(one for one in usual if one.exists())


def read_meta(link: Link, name: str) -> bytes | None:
    """One value of the meta table."""
    found = link.row(META_OF, {"name": name})
    return None if found is None else bytes(found[0])


class Identities(Base):
    """The part of a store that knows which one it is."""

    _witness: WitnessFile

    def identity(self) -> Identity:
        """Id and epoch, and whether the witness agrees."""
        said: Witness | None = None
        reason: str | None = None
        if self._witness.home:  # on a server, a host that is new has none yet
            reason = f"{self._witness.path}: the witness file is missing"
        try:
            # Before the records: these then are at least as new as the witness.
            said = self._witness.read()
        except ValueError as error:
            reason = str(error)
        with self._reading() as link:
            known = self._known(link)
            seq, _ = self._sealed_to(link)
            other = said and said.seq and self._contradicts(link, said.seq, said.head)
            restored = read_meta(link, RESTORED)
            moved = self._moved(link, witnessed=said is not None)
        if said is not None:
            reason = _disagreement(said, known, seq, bool(other), self._witness.home)
        if moved and reason is None:
            reason = "its tables are a copy of those that it was written in"
        if restored:
            reason = self._vault.cipher.open("meta", RESTORED, restored).decode()
        return replace(known, suspect=reason)

    def note_restored(self, told: str) -> None:
        """Be suspect until :meth:`new_epoch`, whatever the witness says: it may agree by chance.

        Args:
            told: From what, by whom and when; for people.
        """
        sealed = self._vault.cipher.seal("meta", RESTORED, told.encode())
        row = {"name": RESTORED, "value": sealed}
        self._writer.run(lambda tx: tx.link.run(META_PUT, row))

    def _sealed_to(self, link: Link) -> tuple[int, str]:
        raise NotImplementedError

    def _contradicts(self, link: Link, seq: int, head: str) -> bool:
        raise NotImplementedError

    def _moved(self, link: Link, *, witnessed: bool) -> bool:
        """Whether a server's tables are a copy, which a host without a witness sees too.

        A store of an older program does not say where it was: its witness has to vouch for it.
        """
        home, kept = self._dialect.home(link), read_meta(link, HOME)
        if home is None or (kept is None and witnessed):
            return False
        return kept != home.encode()

    def _known(self, link: Link) -> Identity:
        store_id, epoch = read_meta(link, "id"), read_meta(link, "epoch")
        trusted = read_meta(link, TRUSTED)
        trusted_at = instant(int(trusted)) if trusted else None
        return Identity((store_id or b"").decode(), int(epoch or b"0"), trusted_at=trusted_at)

    def new_epoch(self) -> Identity:
        """Accept this store as the true one: a new epoch, told to the witness.

        For a person who has decided so after a restore; marks of older epochs
        are then looked up before anything is made.
        """
        try:
            said = self._witness.read()
        except ValueError:
            said = None
        seen, now = said.epoch if said else 0, self._clock.now()

        def raise_epoch(link: Link) -> Identity:
            known = self._known(link)
            known = replace(known, epoch=max(known.epoch, seen) + 1, trusted_at=now)
            link.run(META_PUT, {"name": "epoch", "value": str(known.epoch).encode()})
            link.run(META_PUT, {"name": RESTORED, "value": b""})
            link.run(META_PUT, {"name": HOME, "value": (self._dialect.home(link) or "").encode()})
            link.run(META_PUT, {"name": TRUSTED, "value": str(micros(now)).encode()})
            return known

        known = self._writer.run(lambda tx: raise_epoch(tx.link))
        with self._reading() as link:
            seq, head = self._sealed_to(link)
        self._witness.write(Witness(known.store_id, known.epoch, seq, head))
        return known


def _disagreement(said: Witness, known: Identity, seq: int, other: bool, home: str) -> str | None:
    if said.store_id != known.store_id:
        return f"the witness knows store {said.store_id}, this is {known.store_id}"
    if said.epoch > known.epoch:  # another host may have begun a newer one
        return f"the witness knows epoch {said.epoch}, this store has {known.epoch}"
    if said.seq > seq:
        return f"the witness saw {said.seq} sealed audit records, this store has {seq}"
    if other:
        return f"sealed audit record {said.seq} is not the one that the witness saw"
    if said.home and home and said.home != home:
        return "its file is a copy of the one that the witness knows"
    return None


def fresh_meta(vault: Vault, home: str | None) -> dict[str, Any]:
    """The meta rows of a new store."""
    return {
        HOME: (home or "").encode(),
        "id": secrets.token_hex(8).encode(),
        "epoch": b"1",
        "secrets": vault.locked(),
    }
