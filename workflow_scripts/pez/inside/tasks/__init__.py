"""Tasks that are told right or wrong, read from every residual state, and their courses."""
