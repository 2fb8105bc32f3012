"""One control a file. Each defines ``CONTROL``; one that replaces weights, also ``weights``."""
