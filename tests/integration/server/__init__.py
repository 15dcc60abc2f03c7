"""The intake and the daemon on a free port of this machine."""
