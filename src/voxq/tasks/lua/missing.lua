-- Of accepted tasks, those to look at: unknown to Redis, ended, or neither waiting nor taken although they should.
-- What is left of the last sort is removed, so that enqueue takes them. args: ids. Returns ids.
local found = {}
local function is_taken(id)
  if redis.call('EXISTS', claim_key(id)) == 1 then return true end
  for _, lane in ipairs(context.lanes) do
    if redis.call('LPOS', intermediate_key(lane), id) then return true end
  end
  return false
end
local function is_waiting(id)
  local raw = redis.call('HGET', WAITING, id)
  return raw and redis.call('LPOS', lane_key(cjson.decode(raw).lane), id)
end
for _, id in ipairs(args.ids) do
  local task = read_task(id)
  if not task or is_terminal(task.status) then
    found[#found + 1] = id
  elseif not is_taken(id) and not is_waiting(id) then
    redis.call('DEL', task_key(id))
    leave_lane(id)
    found[#found + 1] = id
  end
end
return found
