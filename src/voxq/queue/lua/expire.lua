-- Bring back what dead workers held, the oldest to the front. args: now, ttl (s, of a claim).
-- Returns the ids that wait again.
expect_to_write()
local back = {}

-- What was to expire within seconds may live for hours after a clock was put back: then it counts from now.
local function shorten(key)
  if redis.call('TTL', key) > args.ttl then redis.call('EXPIRE', key, args.ttl) end
end

local function consider(id, lane)
  if redis.call('EXISTS', claim_key(id)) == 1 then
    shorten(claim_key(id))
  elseif give_back(id, lane) then
    back[#back + 1] = id
  end
end

for _, lane in ipairs(context.lanes) do
  local taken = redis.call('LRANGE', intermediate_key(lane), 0, -1)
  for index = #taken, 1, -1 do consider(taken[index], lane) end
  local started = redis.call('ZREVRANGE', started_key(lane), 0, -1, 'WITHSCORES')
  for index = 1, #started, 2 do
    local entry, id = started[index], string.match(started[index], '^([^:]*)')
    local execution = execution_key(entry)
    if redis.call('EXISTS', claim_key(id)) == 1 then shorten(execution) end  -- or it is one of a stock worker
    if tonumber(started[index + 1]) < args.now or redis.call('EXISTS', execution) == 0 then
      redis.call('ZREM', started_key(lane), entry)
      consider(id, lane)
    else
      shorten(claim_key(id))
    end
  end
end
if #back > 0 then redis.call('PUBLISH', WAKE_CHANNEL, '') end
return back
