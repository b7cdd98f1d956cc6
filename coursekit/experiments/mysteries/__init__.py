"""What went wrong in this run? Real small runs with a fault, and the experiments that tell."""
