"""Pictures of what was measured inside networks: a module each in `pictures`."""
