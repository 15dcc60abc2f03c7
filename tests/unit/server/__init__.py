"""Signatures, metrics, logs and the tail, without a network."""
