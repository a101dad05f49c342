"""What a client asked for, and where it is: values, journal, Redis, recovery."""
