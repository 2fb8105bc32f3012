"""A probe as a job: opens features and labels, fits every layer and fold, writes tidy tables.

What is asked stands in `pez.recipes`, how it is solved in `pez.solvers`, how it is scored in
`pez.scores`.
"""
