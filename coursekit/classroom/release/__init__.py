"""How does a unit become notebooks? From its one source, publicly or as a private variant."""
