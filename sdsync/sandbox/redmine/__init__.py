"""Redmine 5: the REST JSON dialect."""
