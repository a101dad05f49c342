-- Extend a task's lease, if it has one. args: id, lease (s). Returns 1.
redis.call('ZADD', LEASES, 'XX', server_time() + args.lease, args.id)
return 1
