"""What may a private release ask instead? Changes of an exercise's specification."""
