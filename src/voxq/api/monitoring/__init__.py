"""What operators are shown: metrics, the workers and their devices, what is wrong with Redis."""
