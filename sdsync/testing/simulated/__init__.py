"""Products that live in memory under a virtual clock and misbehave by seed."""
