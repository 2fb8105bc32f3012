"""One source a file. Each defines ``SOURCE``, a class derived from `pez.datasets.source.Source`."""
