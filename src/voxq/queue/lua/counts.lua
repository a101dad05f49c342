-- Count tasks by state. args: now. Returns {queued, in work, failed, audio seconds waiting, queued by lane
-- ...}.
local queued, started, failed = 0, 0, 0
local lanes = {}
for _, lane in ipairs(context.lanes) do
  local length = redis.call('LLEN', lane_key(lane))
  queued = queued + length
  lanes[#lanes + 1] = length
  started = started + redis.call('ZCARD', started_key(lane)) + redis.call('LLEN', intermediate_key(lane))
  failed = failed + redis.call('ZCOUNT', RQ_FAILED .. lane, '(' .. args.now, '+inf')
end
return {queued, started, failed, tostring(waiting_seconds()), unpack(lanes)}
