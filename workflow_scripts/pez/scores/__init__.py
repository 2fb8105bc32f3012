"""How predictions of a probe are scored. Plain functions over arrays."""
