"""Claims of unit 00: what broke when the batch and the learning rate grew?"""
