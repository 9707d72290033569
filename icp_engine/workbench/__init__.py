"""What an analyst asks before publishing: what a change does, what a low score hides, whether ranks mean anything."""
