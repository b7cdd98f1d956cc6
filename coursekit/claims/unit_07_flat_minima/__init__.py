"""Claims of unit 07: do flat minima generalise, and does the batch size choose them?"""
