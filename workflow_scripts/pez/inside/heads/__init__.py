"""What a network still tells without some of its attention heads."""
