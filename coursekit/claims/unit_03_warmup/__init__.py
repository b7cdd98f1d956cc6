"""Claims of unit 03: why does a large learning rate need a gentle start?"""
