"""One module a family of encoders: `family:` in the configuration names it."""
