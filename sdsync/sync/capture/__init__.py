"""Capture: watching systems, and what they and the store say of themselves."""
