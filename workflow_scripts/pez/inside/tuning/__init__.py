"""Linear models of every unit of a network at every position, from sums over clips."""
