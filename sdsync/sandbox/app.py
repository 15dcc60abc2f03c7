"""One product as an ASGI application: reads the call, lets the switches strike, answers.

It is written below starlette's middleware, because a cut connection needs the
transport and an answer that ends early must not be mended on the way out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import format_datetime

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sdsync.sandbox.call import Answer, Call, Refused
from sdsync.sandbox.control import Control
from sdsync.sandbox.faults import JOBS, Faults, Plan
from sdsync.sandbox.routing import Product
from sdsync.sandbox.webhooks import Webhooks
from sdsync.sandbox.world import Recorded

LARGEST_BODY = 64 * 2**20
CHUNK = 64 * 1024


class SandboxApp:
    """The HTTP face of one product."""

    def __init__(self, product: Product, webhooks: Webhooks) -> None:
        self.product = product
        self.world = product.world
        self.faults = Faults(product.world)
        self.late: list[Callable[[], None]] = []  # effects that have not landed yet
        self.jobs: dict[str, Answer] = {}  # path -> what the job says when it is asked
        self.control = Control(product, self.faults, webhooks, self.late)
        self.stopping = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            return
        call = await self._read(Request(scope, receive))
        if call.path.startswith("/_sandbox"):
            await self._send(self.control.answer(call), Plan(), call, send)
            return
        recorded = self.world.record(call)
        plan, answer = self._work(call)
        recorded.login, recorded.faults = call.login, plan.faults
        await self._finish(recorded, plan, answer, call, receive, send)

    async def _finish(
        self, recorded: Recorded, plan: Plan, answer: Answer, call: Call, receive: Receive,
        send: Send,
    ) -> None:  # fmt: skip
        if plan.wait_s:
            await self._wait(plan.wait_s)
        if plan.cut:
            await _cut(receive, send)
            return
        recorded.status = answer.status
        await self._send(answer, plan, call, send)

    async def _read(self, request: Request) -> Call:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                break
        base = str(request.base_url).rstrip("/")
        headers = {key.lower(): value for key, value in request.headers.items()}
        query = request.query_params.multi_items()
        return Call(request.method, request.url.path, query, headers, body, base,
                    self.world.clock.now())  # fmt: skip

    def _work(self, call: Call) -> tuple[Plan, Answer]:
        """Everything between the last byte read and the first byte sent, at one go."""
        refused = self.product.authenticate(call)
        plan = self.faults.before(call, self.product.failed(401, "Unauthorized"))
        if plan.delayed:
            self._delay(call, plan)
        if plan.instead is not None or not plan.effect:
            return plan, plan.instead or Answer(500)
        answer = refused or self._handle(call)
        failed = self.product.failed(500, "Internal Server Error")
        return plan, self.faults.after(call, plan, answer, failed)

    def _handle(self, call: Call) -> Answer:
        if call.path.startswith(f"{JOBS}/"):
            return self.jobs.get(call.path, self.product.failed(404, "no such job"))
        handler = self.product.router.find(call)
        if handler is None:
            return self.product.missing(call)
        try:
            return handler(call)
        except Refused as refused:
            return refused.answer

    def _delay(self, call: Call, plan: Plan) -> None:
        """Keep the effect for later: by time, or until somebody asks for the landing."""

        def land() -> None:
            if land in self.late:
                self.late.remove(land)
                answer = self._handle(call)
                if plan.job is not None:
                    self.jobs[plan.job] = answer

        if plan.lost:
            return
        if plan.job is not None:
            self.jobs[plan.job] = Answer(202, headers={"Retry-After": "1"})

        self.late.append(land)
        if plan.later_s is not None:
            asyncio.get_running_loop().call_later(plan.later_s, land)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _send(self, answer: Answer, plan: Plan, call: Call, send: Send) -> None:
        empty = answer.status == 204
        headers = {
            "Date": format_datetime(self.world.now().replace(microsecond=0), usegmt=True),
            **({} if empty else {"Content-Type": answer.content_type}),
            **answer.headers,
        }
        if not plan.endless and not empty:
            headers["Content-Length"] = str(len(answer.body))
        raw = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        if plan.endless:
            await self._pour(plan.endless, send)
        body = b"" if call.method == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def _pour(self, size: int, send: Send) -> None:
        """Blanks, until nobody listens: JSON allows any number of them in front."""
        for _ in range(size // CHUNK):
            if self.stopping.is_set():
                return
            await send({"type": "http.response.body", "body": b" " * CHUNK, "more_body": True})
            await asyncio.sleep(0)


async def _cut(receive: Receive, send: Send) -> None:
    """Close the connection without a byte of an answer.

    ASGI has no word for it; uvicorn's ``send`` belongs to an object that holds
    the transport.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        msg = "this server does not let a connection be cut"
        raise RuntimeError(msg)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
