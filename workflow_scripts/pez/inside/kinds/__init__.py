"""One module a kind of measurement: what its section may say. `kind:` names it."""
