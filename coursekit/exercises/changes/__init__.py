"""What may a private release ask instead? Each graded exercise's own changes, in tasks/."""
