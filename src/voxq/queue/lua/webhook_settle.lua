-- Record the result of a delivery attempt. args: queue, id, execution, how ('delivered' | 'again' |
-- 'failed'), seconds (until the next attempt), ttl (s, for which RQ shows the job), result (RQ's Result as a
-- flat list, {} = none).
-- Returns 1, or 0 if the attempt outlasted its lease and another worker has the job.
local id, queue, now = args.id, args.queue, server_time()
expect_to_write()
if redis.call('ZREM', started_key(queue), id .. ':' .. args.execution) == 0 then return 0 end
drop_executions(id, queue)
redis.call('HINCRBY', WEBHOOK_STATS_KEY, args.how, 1)
if args.how == 'again' then
  redis.call('HINCRBY', job_key(id), 'retries_left', -1)
  redis.call('HSET', job_key(id), 'status', 'scheduled')
  redis.call('ZADD', RQ_SCHEDULED .. queue, now + args.seconds, id)
  return 1
end
local failed = args.how == 'failed'
local registry = (failed and RQ_FAILED or RQ_FINISHED) .. queue
redis.call('HSET', job_key(id), 'status', failed and 'failed' or 'finished')
redis.call('ZREMRANGEBYSCORE', registry, '-inf', now)
redis.call('ZADD', registry, now + args.ttl, id)
redis.call('EXPIRE', job_key(id), args.ttl)
if #args.result > 0 then
  redis.call('XADD', RQ_RESULTS .. id, 'MAXLEN', 10, '*', unpack(args.result))
  redis.call('EXPIRE', RQ_RESULTS .. id, args.ttl)
end
return 1
