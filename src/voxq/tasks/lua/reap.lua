-- Bring back what dead workers held, the oldest to the front. args: now. Returns the ids that wait again.
expect_to_write()
local back = {}
local function consider(id, lane)
  if redis.call('EXISTS', claim_key(id)) == 0 and give_back(id, lane) then back[#back + 1] = id end
end
for _, lane in ipairs(context.lanes) do
  local taken = redis.call('LRANGE', intermediate_key(lane), 0, -1)
  for index = #taken, 1, -1 do consider(taken[index], lane) end
  for _, entry in ipairs(redis.call('ZREVRANGEBYSCORE', started_key(lane), '(' .. args.now, '-inf')) do
    redis.call('ZREM', started_key(lane), entry)
    consider(string.match(entry, '^([^:]*)'), lane)
  end
end
if #back > 0 then redis.call('PUBLISH', WAKE, '') end
return back
