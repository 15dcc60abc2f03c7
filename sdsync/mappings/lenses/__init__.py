"""Lenses: one module per idea of how native and canonical values belong together."""
