"""Pictures of the audit: each draws from one table."""
