"""The sandbox's own API under ``/_sandbox/``: see what happened, turn switches, act as a person.

=======  =====================  ==================================================
GET      /_sandbox/             what there is
GET      /_sandbox/state        name, clock, hits of switches, counts
GET      /_sandbox/requests     what was asked (``?after=SEQ``)
GET      /_sandbox/mails        the mail sink
GET      /_sandbox/records      all records (``?tickets=ID``: of those, later ones)
GET      /_sandbox/webhooks     deliveries that were tried
GET      /_sandbox/switches     all switches
POST     /_sandbox/switches     {"throttle": {"count": 3}, "cut": false}
POST     /_sandbox/act          {"action": "edit", "by": "nora", "id": 4, …}
POST     /_sandbox/land         let delayed effects and held-back webhooks happen now
POST     /_sandbox/backup       copy all records, as an administrator's backup does
POST     /_sandbox/restore      put the backup in their place: what came since is gone
POST     /_sandbox/reset        back to the seed, all switches off
=======  =====================  ==================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from pydantic_core import to_json

from sdsync.sandbox.call import Answer, Call, Json, Refused, message, text
from sdsync.sandbox.faults import Faults
from sdsync.sandbox.routing import Product
from sdsync.sandbox.switches import UnknownSwitchError
from sdsync.sandbox.webhooks import Webhooks


def shown(value: Json, status: int = 200) -> Answer:
    """Any data as a JSON answer: instants as text, bytes as base64."""
    return Answer(status, to_json(value, bytes_mode="base64"))


class Control:
    """Answers for one product."""

    def __init__(
        self, product: Product, faults: Faults, webhooks: Webhooks, late: list[Callable[[], None]]
    ) -> None:
        self._product = product
        self._world = product.world
        self._faults = faults
        self._webhooks = webhooks
        self._late = late
        self._reads: dict[str, Callable[[Call], Json]] = {
            "": lambda _: (__doc__ or "").splitlines(),
            "state": lambda _: self.state(),
            "requests": self._requests,
            "mails": lambda _: [asdict(one) for one in self._world.mails],
            "records": self._records,
            "webhooks": lambda _: [asdict(one) for one in webhooks.delivered],
            "switches": lambda _: self._world.switches.show(),
        }
        self._writes: dict[str, Callable[[Call], Json]] = {
            "switches": self._switch,
            "act": self._act,
            "land": lambda _: self.land(),
            "backup": lambda _: self.back_up(),
            "restore": lambda _: self.put_back(),
            "reset": lambda _: self.reset(),
        }

    def answer(self, call: Call) -> Answer:
        """Serve one call of the control API."""
        name = call.path.removeprefix("/_sandbox").strip("/")
        table = self._writes if call.method == "POST" else self._reads
        handler = table.get(name)
        if handler is None:
            return message(404, f"no {call.method} {call.path}; see GET /_sandbox/")
        try:
            return shown(handler(call))
        except Refused as refused:
            return refused.answer
        except (UnknownSwitchError, KeyError, ValueError) as error:
            return message(400, f"{type(error).__name__}: {error}")

    def state(self) -> dict[str, Json]:
        """What the sandbox is and how often it misbehaved."""
        world = self._world
        return {
            "name": world.name,
            "now": world.now(),
            "seed": world.switches.seed,
            "requests": len(world.requests),
            "mails": len(world.mails),
            "late": len(self._late),
            "inside_throttle_window": self._faults.inside_window,
            "hits": dict(world.switches.hits),
        }

    def land(self) -> dict[str, Json]:
        """Let delayed effects land and held-back webhooks leave."""
        waiting = list(self._late)
        for effect in waiting:
            effect()
        self._webhooks.flush()
        return {"landed": len(waiting)}

    def back_up(self) -> dict[str, Json]:
        """Copy all records."""
        self._product.back_up()
        return {"backed_up": True}

    def put_back(self) -> dict[str, Json]:
        """The copy takes the place of all records; what is on its way is lost."""
        self._late.clear()
        self._product.put_back()
        return {"restored": True}

    def reset(self) -> dict[str, Json]:
        """Back to the seed."""
        self._late.clear()
        self._faults.reset()
        self._webhooks.delivered.clear()
        self._world.reset()
        self._product.reset()
        return {"reset": True}

    def _requests(self, call: Call) -> Json:
        after = int(call.param("after", "0"))
        return [asdict(one) for one in self._world.requests if one.seq > after]

    def _records(self, call: Call) -> Json:
        return self._product.dump({kind: int(number) for kind, number in call.query})

    def _switch(self, call: Call) -> Json:
        body = call.json()
        for name, value in body.items():
            self._world.switches.set(name, value if isinstance(value, dict) else bool(value))
        shown_ = self._world.switches.show()
        return {name: shown_[name] for name in body}

    def _act(self, call: Call) -> Json:
        fields = call.json()
        action = text(fields.pop("action", ""))
        by = text(fields.pop("by", ""))
        return self._product.act(action, by, fields)
