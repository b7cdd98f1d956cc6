"""Claims of unit 01: how noisy is a gradient, and what does a bigger batch buy?"""
