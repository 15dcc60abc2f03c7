"""Orders: several are one, a wait ends, and a signal ends it whoever takes it."""

from __future__ import annotations

import signal
import sys
import threading

import pytest

from sdsync.server.orders import Orders

PATIENCE_S = 60.0


def test_several_orders_are_one() -> None:
    orders = Orders()
    orders.reload()
    orders.end()

    assert orders.wait(None)
    assert orders.ending
    assert not orders.wait(0.0)


def test_a_wait_without_an_order_ends_in_time() -> None:
    assert not Orders().wait(0.01)


@pytest.mark.parametrize(("number", "ends"), [(signal.SIGTERM, True), (signal.SIGHUP, False)])
def test_a_signal_that_interrupts_no_wait_is_an_order_too(
    number: signal.Signals, ends: bool
) -> None:
    """Another thread takes it, or it comes just before the wait: nothing wakes the main thread."""
    orders, main = Orders(), threading.main_thread().ident
    if main != threading.get_ident():
        pytest.skip("signals are the main thread's")

    def take() -> None:
        pause = threading.Event()
        while sys._current_frames()[main].f_code is not Orders.wait.__code__:
            pause.wait(0.001)
        signal.pthread_kill(threading.get_ident(), number)

    with orders.by_signals():
        threading.Thread(target=take).start()
        assert orders.wait(PATIENCE_S)
    assert orders.ending is ends
