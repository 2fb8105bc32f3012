"""Pictures and the numbers in them. They read results; nothing is computed that a table lacks."""
