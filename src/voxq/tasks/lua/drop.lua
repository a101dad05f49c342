-- An id that was taken and that no journal knows leaves every list. args: id, lane. Returns 1.
redis.call('DEL', claim_key(args.id))
redis.call('LREM', intermediate_key(args.lane), 0, args.id)
drop_executions(args.id, args.lane)
return 1
