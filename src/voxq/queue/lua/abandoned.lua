-- Find tasks whose lease has expired. args: most. Returns ids.
return redis.call('ZRANGEBYSCORE', LEASES, '-inf', server_time(), 'LIMIT', 0, args.most)
