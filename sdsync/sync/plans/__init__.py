"""Plans: what a join or a backfill would do, stored, approved by a name, and carried out."""
