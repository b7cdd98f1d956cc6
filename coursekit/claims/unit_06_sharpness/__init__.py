"""Claims of unit 06: how curved is the loss, and does the batch size decide it?"""
