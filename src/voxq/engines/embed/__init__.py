"""Engine families that turn speech into vectors that tell who speaks."""
