"""How is a whole class marked? In parallel, resumable, each mark kept at once."""
