"""The doorbell over real brokers, and daemons that share a store."""
