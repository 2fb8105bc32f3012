"""Evidence: the one tidy table that probes write, and all that comes after them reads.

`schema` declares it, `read` opens it and refuses what it is not, `agreement` compares the tables of
a figure with one another.
"""
