"""What is asked? The exercises of each unit, with their mistakes and accepted answers."""
