"""From tables of networks to verdict and picture, on effects whose answer is known."""
