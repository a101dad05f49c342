-- A task runs to its end whether or not somebody waits for it. args: id. Returns 1 if it had a lease.
return redis.call('ZREM', LEASES, args.id)
