"""What a screen says, as plain data read from the store: also what ``--json`` prints."""
