"""Which clinics belong together, and why."""
