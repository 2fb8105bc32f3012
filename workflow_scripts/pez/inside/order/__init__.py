"""Whether temporal order is read from a network, and when, beside direction and place."""
