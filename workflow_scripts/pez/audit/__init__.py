"""The audit: every protocol at once, claims with intervals, and what decides the answer."""
