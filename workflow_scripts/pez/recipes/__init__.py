"""What a probe asks: target, features, groups and folds, every choice under its own name."""
