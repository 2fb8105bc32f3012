"""One module a kind of figure: what its section may say. `kind:` names it."""
