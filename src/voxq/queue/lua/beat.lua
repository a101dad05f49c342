-- Heartbeat of a worker: renew its registration and the claims on its tasks.
-- args: is_idle (it processes no task of any kind), worker, worker_key, worker_ttl (s), facts, now, iso,
-- ttl (s), held (list of {id, lane, execution}), room (its capacity: {held, free, models, broken}, the first
-- two by lane; '' = it accepts no tasks now), room_ttl (s).
-- Returns {epoch or '', 1 if the worker is registered, 1 if workers are suspended, ids of lost claims ...}.
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
    delete_unless('hash', job_key(id))
    -- After a late heartbeat RQ's own clean-up may have marked it as queued.
    redis.call('HSET', job_key(id), 'status', 'started', 'last_heartbeat', args.iso)
    add_execution(id, lane, execution, args.worker, now, ttl)
  else
    answer[#answer + 1] = id
  end
end
return answer
