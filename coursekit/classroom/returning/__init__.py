"""How do marks get back? As results, feedback pages, and tables for an LMS."""
