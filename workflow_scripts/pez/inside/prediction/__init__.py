"""A predictor on every residual state, and the surprise of movies that it gives."""
