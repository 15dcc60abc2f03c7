"""Bells and the threads that answer them (laws 34 and 36).

The store is the truth; a bell only says that a lane has work. Every bell may be
lost: lanes with due work are rung again every few seconds.
"""

from sdsync.sync.bells.bells import Bells
from sdsync.sync.bells.broker import BrokerRefusedError

__all__ = ["Bells", "BrokerRefusedError"]
