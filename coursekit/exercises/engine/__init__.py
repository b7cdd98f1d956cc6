"""How is an answer judged? Declared once; checked, hinted and marked by one engine."""
