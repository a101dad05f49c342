"""The Redis side of tasks: keys, lanes, claims, ends, webhooks; every change is one Lua script."""
