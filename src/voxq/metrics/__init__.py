"""What processes count, how Redis adds it up, and what it is called for Prometheus."""
