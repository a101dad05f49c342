"""The engines at work: what is given to them, what comes back, how long it may take."""
