"""Which numbers are asked for? Numeric tasks whose parameters are drawn afresh."""
