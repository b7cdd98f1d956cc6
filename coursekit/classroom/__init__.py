"""What happens to a submission? Released, handed in, run in a sandbox, judged, marked, returned."""
