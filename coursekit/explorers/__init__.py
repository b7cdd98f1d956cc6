"""Widgets of the course; each has a static form for grading and for plain scripts."""
