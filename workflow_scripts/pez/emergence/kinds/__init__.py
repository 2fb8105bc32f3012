"""One module a kind of figure: what its table holds, and what is said beside its curves."""
