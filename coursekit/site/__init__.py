"""What can a stranger see of the course before installing it?"""
