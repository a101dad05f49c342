-- Somebody still waits for a task with a lease. args: id, lease (s). Returns 1.
redis.call('ZADD', LEASES, 'XX', server_time() + args.lease, args.id)
return 1
