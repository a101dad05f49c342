-- Requeue the tasks of a worker that is certainly dead, the oldest at the front. args: life (the last part of
-- its name, unique to it). Returns the ids that wait again.
expect_to_write()
local back, ending = {}, '.' .. args.life

local function belonged_to_it(worker) return worker and string.sub(worker, -#ending) == ending end

local function consider(id, lane)
  if belonged_to_it(holder_of(id)) and requeue(id, lane) then back[#back + 1] = id end
end

for _, lane in ipairs(context.lanes) do
  local taken = redis.call('LRANGE', intermediate_key(lane), 0, -1)
  for index = #taken, 1, -1 do consider(taken[index], lane) end
  for _, entry in ipairs(redis.call('ZREVRANGE', started_key(lane), 0, -1)) do
    consider(string.match(entry, '^([^:]*)'), lane)
  end
end
for _, worker in ipairs(redis.call('HKEYS', ROOMS)) do
  if belonged_to_it(worker) then redis.call('HDEL', ROOMS, worker) end
end
if #back > 0 then redis.call('PUBLISH', WAKE_CHANNEL, '') end
return back
