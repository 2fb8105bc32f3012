"""Pictures, one module each: what the table must have, and how it is drawn."""
