-- The end of a task, back into a Redis that lost it. args: id, lane, document, ttl (s, what is left of it), failed,
-- now, short, file, key (see `know_again`), job (RQ's fields as a flat list), webhook (the job that tells it, or
-- false: who works on it asks the journal whether it was told). ARGV[3]: RQ's `data`. Returns 1, or 0 if the task
-- is known.
local id = args.id
expect_to_write(args.lane)
if read_task(id) then return 0 end
clear_unless('none', task_key(id))
if not redis.call('SET', task_key(id), args.document, 'NX', 'EX', args.ttl) then return 0 end
know_again(id)
if args.failed then
  redis.call('HSET', job_key(id), 'data', ARGV[3], unpack(args.job))
  redis.call('HSET', job_key(id), 'status', 'failed')
  redis.call('EXPIRE', job_key(id), args.ttl)
  redis.call('ZADD', RQ_FAILED .. args.lane, args.now + args.ttl, id)
end
call_back(args.webhook)
return 1
