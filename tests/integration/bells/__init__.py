"""Bells over the broker in memory."""
