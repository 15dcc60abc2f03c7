"""Deeds on notes, files and worklogs: written, edited, narrowed, taken away."""

from __future__ import annotations

from sdsync.testing.simulated.product import SimulatedProduct
from sdsync.testing.simulated.things import File, Log, Note, Record
from sdsync.testing.simulated.truth import token
from tests.simulation.deeds import TextDeed
from tests.simulation.hands import Hands


class TextDeeds(Hands):
    """What people write beside fields."""

    # -- notes and files -------------------------------------------------------------
    def write_a_note(self) -> bool:
        """Internal or for customers."""
        picked = self.pick()
        if picked is None:
            return False
        self.put_note(*picked, internal=self.rand.random() < 0.6)
        return True

    def put_note(self, product: SimulatedProduct, record: Record, *, internal: bool) -> None:
        """A note with a token of its own."""
        number = self.ledger.next_number()
        self._note(product, record, f"{token('n', number)} looks bad", f"n{number}", internal)

    def write_two_equal_notes(self) -> bool:
        """The same words twice, by two people: both are wanted."""
        picked = self.pick()
        if picked is None:
            return False
        number = self.ledger.next_number()
        for _ in range(2):
            self._note(*picked, f"{token('n', number)} same here", f"n{number}", False)
        self.notes.pop(f"n{number}")  # twins are left alone from here on
        return True

    def argue(self) -> bool:
        """More notes in a minute than anybody reads."""
        picked = self.pick()
        if picked is None:
            return False
        for _ in range(12):
            self.put_note(*picked, internal=False)
        return True

    def _note(
        self, product: SimulatedProduct, record: Record, body: str, truth: str, internal: bool
    ) -> None:
        by = self.who(product)
        note = product.note(record, body, internal=internal, by=by, truth=truth)
        self.notes[truth] = (product, record, note)
        self._enter(product, record, "note", note)
        kind = "an internal" if note.internal else "a"
        self.say(f"{product.name} #{record.id}: {by} writes {kind} note {truth}")

    def _enter(
        self, product: SimulatedProduct, record: Record, kind: str, thing: Note | File
    ) -> None:
        audience = product.audience(record, thing)
        if thing.truth in self.ledger.texts:
            self.ledger.texts[thing.truth].wanted += 1
            return
        self.ledger.texts[thing.truth] = TextDeed(
            self.ledger.next_number(), product.clock.now(), product.name, record.id, kind,
            thing.truth, audience, audience,
        )  # fmt: skip

    def _some_note(self) -> tuple[SimulatedProduct, Record, Note] | None:
        standing = [
            one
            for one in self.notes.values()
            if one[2] in one[1].notes and self.alive(one[0], one[1])
        ]
        return self.rand.choice(standing) if standing else None

    def edit_a_note(self) -> bool:
        """Other words in the same place."""
        return self._rewrite(narrow=False)

    def narrow_a_note(self) -> bool:
        """The same words for fewer eyes."""
        return self._rewrite(narrow=True)

    def _rewrite(self, *, narrow: bool) -> bool:
        found = self._some_note()
        if found is None:
            return False
        product, record, note = found
        old = note.truth
        stem = old.partition("v")[0]
        version = int(old.partition("v")[2] or 0) + 1
        truth = f"{stem}v{version}"
        body = f"{token(stem[0], int(stem[1:]), version)} better words"
        product.edit_note(
            record, note, by=note.author, body=body, internal=note.internal or narrow, truth=truth
        )
        self.notes[truth] = self.notes.pop(old)
        self._enter(product, record, "note", note)
        self.end_text(product, old)
        self.say(f"{product.name} #{record.id}: note {old} becomes {truth}, narrow={narrow}")
        return True

    def end_text(self, product: SimulatedProduct, truth: str) -> None:
        """The note or file stands no longer at its source."""
        self.ledger.texts[truth].ended_at = product.clock.now()

    def delete_a_note(self) -> bool:
        """Taken away by its author."""
        found = self._some_note()
        if found is None:
            return False
        product, record, note = found
        product.remove_note(record, note, by=note.author)
        self.end_text(product, note.truth)
        self.say(f"{product.name} #{record.id}: note {note.truth} deleted")
        return True

    def attach_a_file(self) -> bool:
        """A small file."""
        picked = self.pick()
        if picked is None:
            return False
        product, record = picked
        number = self.ledger.next_number()
        truth, by = f"f{number}", self.who(product)
        file = product.attach(
            record, f"log-{number}.txt", f"{token('f', number)} content".encode(),
            internal=False, by=by, truth=truth,
        )  # fmt: skip
        self.files[truth] = (product, record, file)
        self._enter(product, record, "attachment", file)
        self.say(f"{product.name} #{record.id}: {by} attaches {truth}")
        return True

    def remove_a_file(self) -> bool:
        """Taken away by somebody."""
        standing = [
            one
            for one in self.files.values()
            if one[2] in one[1].files and self.alive(one[0], one[1])
        ]
        if not standing:
            return False
        product, record, file = self.rand.choice(standing)
        product.remove_file(record, file, by=self.who(product))
        self.end_text(product, file.truth)
        self.say(f"{product.name} #{record.id}: file {file.truth} removed")
        return True

    # -- worklogs --------------------------------------------------------------------
    def log_work(self) -> bool:
        """Some minutes on a record; a product without worklogs takes none."""
        picked = self.pick()
        if picked is None or "worklog" not in picked[0].flavour.capabilities.create:
            return False
        product, record = picked
        number = self.ledger.next_number()
        truth, by = f"w{number}", self.who(product)
        minutes = self.rand.randint(1, 90)
        text = f"{token('w', number)} worked"
        log = product.log_work(record, minutes * 60, text, by=by, truth=truth)
        self.logs[truth] = (product, record, log)
        self.ledger.texts[truth] = TextDeed(
            self.ledger.next_number(), product.clock.now(), product.name, record.id, "worklog",
            truth, "internal", "internal",
        )  # fmt: skip
        self.say(f"{product.name} #{record.id}: {by} logs {minutes} minutes, {truth}")
        return True

    def _some_log(self) -> tuple[SimulatedProduct, Record, Log] | None:
        standing = [
            one
            for one in self.logs.values()
            if one[2] in one[1].logs and self.alive(one[0], one[1])
        ]
        return self.rand.choice(standing) if standing else None

    def correct_a_worklog(self) -> bool:
        """Its owner says that it took another time."""
        found = self._some_log()
        if found is None:
            return False
        product, record, log = found
        minutes = self.rand.randint(1, 90)
        product.edit_log(record, log, by=log.author, seconds=minutes * 60, text=log.text)
        self.say(f"{product.name} #{record.id}: {log.truth} took {minutes} minutes")
        return True

    def edit_a_copied_worklog(self) -> bool:
        """Somebody changes what we wrote, where the product lets them."""
        picked = self.pick()
        if picked is None or not picked[0].flavour.capabilities.edits_worklogs:
            return False
        product, record = picked
        ours = [one for one in record.logs if one.author == product.us]
        if not ours:
            return False
        log = self.rand.choice(ours)
        by = self.who(product)
        product.edit_log(record, log, by=by, seconds=log.seconds + 60, text=log.text)
        self.say(f"{product.name} #{record.id}: {by} changes the copy {log.truth}")
        return True

    def remove_a_worklog(self) -> bool:
        """Taken away by its owner."""
        found = self._some_log()
        if found is None:
            return False
        product, record, log = found
        product.remove_log(record, log, by=log.author)
        self.end_text(product, log.truth)
        self.say(f"{product.name} #{record.id}: {log.truth} removed")
        return True
