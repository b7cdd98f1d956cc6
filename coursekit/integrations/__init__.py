"""Who runs the training loop?

One module for each trainer of others: `transformers`, `lightning`, `accelerate`. Each is imported
only when asked for, and says which package it needs. docs/training_loops.md has a block for each.
"""
