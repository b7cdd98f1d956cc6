"""Claims of unit 02: what should the learning rate do when the batch grows?"""
