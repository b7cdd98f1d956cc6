"""How many points is an answer worth? The sandbox returns data; here it is compared."""
