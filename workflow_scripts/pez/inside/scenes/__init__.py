"""What a scene of several objects holds and what happens in it, read from every state."""
