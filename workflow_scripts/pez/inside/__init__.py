"""Measurements inside a network: each a pass of its own over clips, and a small table."""
