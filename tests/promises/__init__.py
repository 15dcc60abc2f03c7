"""The manual's promises, page by page, each with the tests that prove it."""
