-- Requeue the tasks of dead workers, the oldest at the front. args: now, ttl (s, of a claim).
-- Returns the ids that wait again.
expect_to_write()
local back = {}

-- Limit a key's remaining time to `ttl`: after the clock was set back it could live for hours.
local function shorten(key)
  if redis.call('TTL', key) > args.ttl then redis.call('EXPIRE', key, args.ttl) end
end

local function consider(id, lane)
  if redis.call('EXISTS', claim_key(id)) == 1 then
    shorten(claim_key(id))
  elseif requeue(id, lane) then
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
    if redis.call('EXISTS', claim_key(id)) == 1 then shorten(execution) end  -- else a stock worker's
    if tonumber(started[index + 1]) < args.now or redis.call('EXISTS', execution) == 0 then
      if redis.call('EXISTS', claim_key(id)) == 1 then
        -- Keep what leads to the task: its claim may end without a worker, and nothing else would find it then.
        redis.call('ZADD', started_key(lane), 'XX', args.now + args.ttl, entry)
      else
        redis.call('ZREM', started_key(lane), entry)
      end
      consider(id, lane)
    else
      shorten(claim_key(id))
    end
  end
end
if #back > 0 then redis.call('PUBLISH', WAKE_CHANNEL, '') end
return back
