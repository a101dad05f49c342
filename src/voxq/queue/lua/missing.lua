-- Find accepted tasks that need attention: unknown to Redis, ended, or neither waiting nor claimed.
-- args: ids. Returns ids.
local in_lane = {}
for _, lane in ipairs(context.lanes) do
  for _, id in ipairs(redis.call('LRANGE', lane_key(lane), 0, -1)) do in_lane[id] = true end
end
local found = {}
for _, id in ipairs(args.ids) do
  local task = read_task(id)
  local is_waiting = in_lane[id] and redis.call('HEXISTS', WAITING, id) == 1
  if not task or is_terminal(task.status) or not (is_waiting or is_taken(id)) then
    found[#found + 1] = id
  end
end
return found
