"""Lane budgets and urgency, in simulated time."""
