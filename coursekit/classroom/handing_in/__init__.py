"""What did each person hand in? Files out of any system, read, named, and put in order."""
