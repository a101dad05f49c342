"""Delivery of task results to the clients' webhooks."""
