"""One module a kind of measurement: what is read off the tables of all networks."""
