"""Deliver: what a replica is to receive now, as one attempt when its lane has a slot."""
