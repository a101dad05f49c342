-- Write step E2: publish the end of a (task, run) everywhere at once.
-- args: id, run, lane, status, document, ttl (s), history (item, '' = none), history_size, event, now, iso,
-- worker_key ('' = none), working_seconds, result (RQ's Result as a flat list), sample ('' = none), samples
-- (how many are kept), counters (amounts to add to the statistics), webhook (the job that delivers it, or
-- false), short, file, key (see `restore_lookups`).
-- Returns 'ended' (published, certainly for the first time) | 'restored' (Redis did not know the task) |
-- 'known' (this run was published before) | 'superseded' (a later run exists).
local id, lane = args.id, args.lane
local current = read_task(id)
if current then
  if current.run > args.run then return 'superseded' end
  if current.run == args.run and is_terminal(current.status) then return 'known' end
end

expect_to_write(lane)
if not current then restore_lookups(id) end
redis.call('LREM', lane_key(lane), 0, id)
leave_lane(id)
redis.call('LREM', intermediate_key(lane), 0, id)
redis.call('DEL', claim_key(id))
redis.call('ZREM', LEASES, id)
drop_executions(id, lane)
redis.call('SET', task_key(id), args.document, 'EX', args.ttl)
if args.history ~= '' and args.history_size > 0 and (current or not redis.call('LPOS', HISTORY, args.history)) then
  redis.call('LPUSH', HISTORY, args.history)
  redis.call('LTRIM', HISTORY, 0, args.history_size - 1)
end

local failed = args.status == 'failed'
if args.status == 'cancelled' then
  redis.call('DEL', job_key(id), RQ_RESULTS .. id)
elseif redis.call('TYPE', job_key(id)).ok == 'hash' then
  delete_unless('stream', RQ_RESULTS .. id)
  redis.call('HSET', job_key(id), 'status', failed and 'failed' or 'finished', 'ended_at', args.iso)
  redis.call('EXPIRE', job_key(id), args.ttl)
  redis.call('XADD', RQ_RESULTS .. id, 'MAXLEN', 10, '*', unpack(args.result))
  redis.call('EXPIRE', RQ_RESULTS .. id, args.ttl)
  local registry = (failed and RQ_FAILED or RQ_FINISHED) .. lane
  redis.call('ZREMRANGEBYSCORE', registry, '-inf', args.now)
  redis.call('ZADD', registry, args.now + args.ttl, id)
end
if args.worker_key ~= '' and redis.call('EXISTS', args.worker_key) == 1 then
  redis.call('HINCRBY', args.worker_key, failed and 'failed_job_count' or 'successful_job_count', 1)
  redis.call('HINCRBYFLOAT', args.worker_key, 'total_working_time', args.working_seconds)
end

for name, amount in pairs(args.counters) do add_to(STATS, name, amount) end
if args.sample ~= '' then
  redis.call('LPUSH', SAMPLES, args.sample)
  redis.call('LTRIM', SAMPLES, 0, args.samples - 1)
end
enqueue_webhook(args.webhook)
redis.call('PUBLISH', EVENTS_CHANNEL, args.event)
return current and 'ended' or 'restored'
