"""The real daemon, killed with -9 again and again while people work; then everything is counted."""
