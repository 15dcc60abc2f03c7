"""Decide: one look at a record, merged into the hub record; who enters, who belongs together."""
