"""What a network still tells when some blocks may no longer attend to some keys."""
