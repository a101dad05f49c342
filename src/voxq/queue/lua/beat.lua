-- One heartbeat of a worker, for itself and for everything it holds.
-- args: is_idle (it holds nothing, of whatever kind), worker, worker_key, worker_ttl (s), facts, now, iso, ttl (s),
-- held (list of {id, lane, execution}),
-- room ({held, free, models}, the first two by lane; '' = it takes on nothing now), room_ttl (s).
-- Returns {epoch or '', 1 if the worker is registered, 1 if workers are suspended, ids it does not hold any more ...}.
expect_to_write()
local now, ttl = args.now, args.ttl
local registered = redis.call('EXISTS', args.worker_key)
if registered == 1 then
  redis.call('HSET', args.worker_key, 'last_heartbeat', args.iso)
  redis.call('EXPIRE', args.worker_key, args.worker_ttl)
  if args.is_idle then
    redis.call('HSET', args.worker_key, 'state', 'idle')
    redis.call('HDEL', args.worker_key, 'current_job')
  end
end
redis.call('HSET', WORKERS_KEY, args.worker, args.facts)
if args.room == '' then
  redis.call('HDEL', ROOMS, args.worker)
else
  args.room.gone = server_time() + args.room_ttl
  redis.call('HSET', ROOMS, args.worker, cjson.encode(args.room))
end
local answer = {redis.call('GET', EPOCH_KEY) or '', registered, redis.call('EXISTS', 'rq:suspended')}
for _, held in ipairs(args.held) do
  local id, lane, execution = held[1], held[2], held[3]
  if holder_of(id) == args.worker then
    redis.call('EXPIRE', claim_key(id), ttl)
    clear_unless('hash', job_key(id))
    -- RQ's own clean-up may have called it queued, after a heartbeat that came late.
    redis.call('HSET', job_key(id), 'status', 'started', 'last_heartbeat', args.iso)
    add_execution(id, lane, execution, args.worker, now, ttl)
  else
    answer[#answer + 1] = id
  end
end
return answer
