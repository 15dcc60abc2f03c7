"""Every fault of the catalogue as one scenario that prints its seed, counts and verdict."""
