"""The store's parts that touch no database."""
