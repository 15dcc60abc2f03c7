"""The laws of sdsync: one test or more for each, and for each a change that breaks it."""
