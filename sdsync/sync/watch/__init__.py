"""What people are told: what needs them, alarms, and accounts of what would be sent."""
