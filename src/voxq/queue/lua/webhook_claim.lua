-- Claim webhook deliveries that are due. args: queue, worker, room (webhook -> how many more), most,
-- execution (an id), lease (s), looked_at (number of jobs searched from the front), refusal (RQ's Result for
-- foreign jobs), refusal_ttl (s).
-- Returns {job id, execution, meta, retries left, and the same of the next ...}.
local queue, now = args.queue, server_time()
expect_to_write()

-- Leases that have expired: the worker died or was stopped for too long.
for _, entry in ipairs(redis.call('ZRANGEBYSCORE', started_key(queue), '-inf', now)) do
  local id = entry:match('^(.*):') or entry
  redis.call('ZREM', started_key(queue), entry)
  drop_executions(id, queue)
  redis.call('LPUSH', lane_key(queue), id)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', RQ_SCHEDULED .. queue, '-inf', now)) do
  redis.call('ZREM', RQ_SCHEDULED .. queue, id)
  redis.call('RPUSH', lane_key(queue), id)
end

local taken = {}
for _, id in ipairs(redis.call('LRANGE', lane_key(queue), 0, args.looked_at - 1)) do
  if #taken == 4 * args.most then break end
  local webhook = id:match('^[^_]*')
  local free = args.room[webhook] or args.most
  local meta, left = unpack(redis.pcall('HMGET', job_key(id), 'meta', 'retries_left'))
  local about = decoded(meta) or {}
  if id ~= tostring(about.webhook) .. '_' .. tostring(about.task_id) .. '_' .. tostring(about.run) then
    redis.call('LREM', lane_key(queue), 0, id)
    refuse(id, queue, args.refusal_ttl, args.refusal)
  elseif free > 0 then
    args.room[webhook] = free - 1
    redis.call('LREM', lane_key(queue), 0, id)
    redis.call('HSET', job_key(id), 'status', 'started', 'worker_name', args.worker)
    add_execution(id, queue, args.execution, args.worker, now, args.lease)
    for _, each in ipairs({id, args.execution, meta, tonumber(left) and left or '0'}) do taken[#taken + 1] = each end
  end
end
return taken
