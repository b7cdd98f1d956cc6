"""Claims of unit 05: what batch size is worth paying for?"""
