"""What did the class get wrong? Shares, misconceptions and likeness, as a page and a table."""
