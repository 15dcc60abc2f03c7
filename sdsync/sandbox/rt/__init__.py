"""Request Tracker 5: the REST 2 dialect."""
