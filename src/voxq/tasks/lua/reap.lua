-- Bring back what dead workers held. args: now. Returns the ids that wait again.
local back = {}
local function consider(id, lane)
  if redis.call('EXISTS', claim_key(id)) == 0 and give_back(id, lane) then back[#back + 1] = id end
end
for _, lane in ipairs(context.lanes) do
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', started_key(lane), '-inf', '(' .. args.now)) do
    redis.call('ZREM', started_key(lane), entry)
    consider(string.match(entry, '^([^:]+)'), lane)
  end
  for _, id in ipairs(redis.call('LRANGE', intermediate_key(lane), 0, -1)) do
    if redis.call('EXISTS', claim_key(id)) == 0 then
      redis.call('LREM', intermediate_key(lane), 0, id)
      consider(id, lane)
    end
  end
end
if #back > 0 then redis.call('PUBLISH', WAKE, '') end
return back
