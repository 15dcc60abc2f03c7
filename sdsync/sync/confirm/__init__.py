"""Confirm: what a call really did, read back and never believed."""
