"""Partnerships: practices scored as referral partners, CRM records, waits against an SLA, outreach."""
