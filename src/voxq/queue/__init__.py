"""Tasks in Redis: keys, lanes, claims, ends and webhooks; every change is one Lua script."""
