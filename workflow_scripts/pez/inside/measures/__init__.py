"""One module a kind of measurement: what it computes in one network."""
