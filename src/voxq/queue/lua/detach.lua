-- Remove a task's lease, so that it runs to its end whether or not clients wait.
-- args: id. Returns 1 if it had one.
return redis.call('ZREM', LEASES, args.id)
