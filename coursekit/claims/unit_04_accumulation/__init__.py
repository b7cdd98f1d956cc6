"""Claims of unit 04: is a batch made of micro-batches the large batch?"""
