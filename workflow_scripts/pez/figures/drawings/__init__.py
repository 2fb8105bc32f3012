"""One module a kind of figure: how it is drawn. `kind:` names it."""
