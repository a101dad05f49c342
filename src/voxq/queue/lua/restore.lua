-- Restore the end of a task that Redis has lost. args: id, lane, document, ttl (s, the rest of it), failed,
-- now, short, file, key (see `restore_lookups`), job (RQ's fields as a flat list), webhook (the job that
-- delivers it, or false; its worker asks the journal whether it was delivered before). ARGV[3]: RQ's `data`.
-- Returns 1, or 0 if Redis knows the task.
local id = args.id
expect_to_write(args.lane)
if read_task(id) then return 0 end
delete_unless('none', task_key(id))
if not redis.call('SET', task_key(id), args.document, 'NX', 'EX', args.ttl) then return 0 end
restore_lookups(id)
if args.failed then
  redis.call('HSET', job_key(id), 'data', ARGV[3], unpack(args.job))
  redis.call('HSET', job_key(id), 'status', 'failed')
  redis.call('EXPIRE', job_key(id), args.ttl)
  redis.call('ZADD', RQ_FAILED .. args.lane, args.now + args.ttl, id)
end
enqueue_webhook(args.webhook)
return 1
