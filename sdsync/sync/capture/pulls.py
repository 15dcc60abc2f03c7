"""Fetching a file's content, for the systems that wait for it: the pull."""

from __future__ import annotations

from hashlib import sha256

from sdsync.connectors.contract import Connector
from sdsync.connectors.failures import Forbidden, Missing, Rejected
from sdsync.store.records import Change, Ref, Share, Work
from sdsync.sync.core import Core
from sdsync.sync.decide.structure import late
from sdsync.sync.draft import Draft
from sdsync.sync.meter import Meter
from sdsync.sync.policy import read_again


class Pulls:
    """Fetches each from the record where it was first seen."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def pull(self, connector: Connector, work: Work, meter: Meter) -> None:
        """Fetch one; who waits for a content that is not handed out is told where it lies."""
        core = self._core
        share = self._share_of_element(work)
        element = share and next((one for one in share.elements if one.id == work.key.target), None)
        if not share or not element or element.blob == "stored":
            core.commit(lambda: Change(finished=[(work.key, work.generation)]))
            return
        hub_id, element_id = share.hub.id, element.id
        source = share.at(element.source)
        place = share.placement(element.id, source.id) if source else None
        if not (source and place and source.native_id and place.native_id):
            # Its record was merged away under another id, which does not show the file.
            core.commit(lambda: self._pulled(hub_id, element_id, Missing(), work))
            return
        limit = core.context().setting(share.hub, "file_limit_bytes", 10_000_000)
        ref = Ref(source.system, source.kind, source.native_id)
        answer = meter.note(connector.download(ref, place.native_id, limit_bytes=limit))
        core.step("pulled")
        core.commit(lambda: self._pulled(hub_id, element_id, answer, work))

    def _share_of_element(self, work: Work) -> Share | None:
        hub_id = work.hint.get("hub")
        return self._core.store.share(str(hub_id)) if hub_id else None

    def _pulled(self, hub_id: str, element_id: str, answer: object, work: Work) -> Change:
        core, ctx = self._core, self._core.context()
        share = core.store.share(hub_id)
        if share is None:
            return Change(finished=[(work.key, work.generation)])
        draft = Draft(share, ctx)
        element = next(one for one in share.elements if one.id == element_id)
        if isinstance(answer, bytes):
            element.blob = "stored"
            element.values["sha256"] = sha256(answer).hexdigest()
            draft.change.blobs.append((element_id, answer))
        elif isinstance(answer, Rejected):
            element.blob = "too large"
        elif isinstance(answer, Missing | Forbidden):
            element.blob = "refused"
        else:
            return read_again(work, ctx.now)
        home = share.at(element.source)
        draft.deliver_others(home)
        draft.change.finished.append((work.key, work.generation))
        if home is not None and share.hub.merged_into:
            return late(core.store, draft, home, share.hub.merged_into)
        return draft.change
