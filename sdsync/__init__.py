"""sdsync keeps service desks, trackers and the tools beside them in step."""

__version__ = "0.1.0"
