"""What an instructor needs: building releases from the one source, and grading."""
