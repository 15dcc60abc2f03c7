"""What is done about a person whom the product does not know: ``unknown`` of a rule.

``create`` names them by their address, and the product makes an account of it;
``substitute`` has another account stand in; ``text`` names nobody and leaves it
to a line of the description (:mod:`sdsync.mappings.lenses.told`); left out, the
field stays as it is. Nobody is ever guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sdsync.mappings.lenses.base import Left, Outcome, Scene, Written

#: Of the hub's values around a lens: people from outside can read the record's place.
OUTSIDERS_READ = "outsiders_read"


class Unknown(StrEnum):
    """The words of a rule's ``unknown``."""

    LEAVE = "leave"
    CREATE = "create"
    SUBSTITUTE = "substitute"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Strangers:
    """A rule's policy; ``account`` is the login, id or address of who stands in."""

    what: Unknown = Unknown.LEAVE
    account: str = ""

    @property
    def told(self) -> bool:
        """Whether a line of the description says who is meant."""
        return self.what is not Unknown.LEAVE

    def named(self, key: str, scene: Scene) -> bool:
        """Whether the product will name this very person, and no line has to."""
        return scene.people.native(scene.system, key) is not None or (
            self.what is Unknown.CREATE and self._address(key, scene) is not None
        )

    def outcome(self, key: str, scene: Scene) -> Outcome:
        """What is written in place of somebody whom the product does not know."""
        gap = f"{scene.people.display(key)} is not known in {scene.system}"
        match self.what:
            case Unknown.CREATE:
                address = self._address(key, scene)
                return Written(address) if address else Left(f"{gap}, and has no address to show")
            case Unknown.SUBSTITUTE:
                account = self._stand_in(scene)
                if account is None:
                    return Left(f"{gap}, nor is {self.account}, who would stand in")
                return Written(account, f"{gap}; {self.account} stands in")
            case Unknown.LEAVE | Unknown.TEXT:
                return Left(gap)

    def _address(self, key: str, scene: Scene) -> str | None:
        """An address that somebody proved, and never where people from outside could read it."""
        return None if scene.hub.get(OUTSIDERS_READ) else scene.people.address(key)

    def _stand_in(self, scene: Scene) -> str | None:
        key = scene.people.key(scene.system, self.account)
        return scene.people.native(scene.system, key) if key is not None else None


LEFT_ALONE = Strangers()
