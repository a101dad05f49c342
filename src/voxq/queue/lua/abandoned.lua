-- The tasks whose lease has ended. args: most. Returns ids.
return redis.call('ZRANGEBYSCORE', LEASES, '-inf', server_time(), 'LIMIT', 0, args.most)
