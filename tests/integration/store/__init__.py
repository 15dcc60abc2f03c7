"""The store on real databases; one suite for memory, SQLite and PostgreSQL."""
