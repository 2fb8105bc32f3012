"""The configuration file as one typed object: read, checked, and exported as a JSON schema."""
