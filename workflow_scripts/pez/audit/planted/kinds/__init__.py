"""One kind of planted network a file. Each defines ``KIND``, with the truth of every claim."""
