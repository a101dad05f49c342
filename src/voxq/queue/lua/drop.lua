-- Remove a claimed id that the journal does not know from every list. Its document and job expire only after
-- `ttl`, in case it is the journal that is missing. args: id, lane, ttl (s). Returns 1.
local id = args.id
redis.call('DEL', claim_key(id))
redis.call('LREM', intermediate_key(args.lane), 0, id)
drop_executions(id, args.lane)
redis.call('EXPIRE', task_key(id), args.ttl)
redis.call('EXPIRE', job_key(id), args.ttl)
redis.call('HDEL', AUDIO, string.match(id, '[^_]+$'))
return 1
