"""Claims of units 09 and 10: what does a batch cost, and what repeats?"""
