"""Claims about the emergence of physics, judged on the curves of the primary cell."""
