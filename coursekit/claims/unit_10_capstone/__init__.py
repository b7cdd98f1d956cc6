"""Claims of unit 10: what broke, by a decision experiment."""
