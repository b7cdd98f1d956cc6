"""Claims of unit 08: which remedies for large batches work?"""
