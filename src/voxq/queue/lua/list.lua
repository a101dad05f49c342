-- List open tasks of one lane, in the order in which they are served. Its cost does not depend on how many
-- wait: `most` ids are looked at, and documents are read only of the owner's tasks.
-- args: lane, taken (true: those that workers have, by id; false: those that wait), after (the id after which to
-- go on, '' = from the front; one that has left the lane counts as the front), owner ('' = everybody), limit,
-- most.
-- Returns {last id looked at or '' at the end of the lane, JSON of a task, its position, audio seconds ahead
-- (both 0 for one that is taken) ...}.
local lane, ids, first = args.lane, {}, 0
if args.taken then
  local known = {}
  for _, id in ipairs(redis.call('LRANGE', intermediate_key(lane), 0, -1)) do known[id] = true end
  for _, entry in ipairs(redis.call('ZRANGE', started_key(lane), 0, -1)) do
    known[string.match(entry, '^([^:]*)')] = true
  end
  for id in pairs(known) do
    if id > args.after then ids[#ids + 1] = id end
  end
  table.sort(ids)
else
  local index = args.after ~= '' and redis.call('LPOS', lane_key(lane), args.after)
  if index then first = index + 1 end
  ids = redis.call('LRANGE', lane_key(lane), first, first + args.most - 1)
end

local tasks, seconds = ahead_of_lane(lane)
local answer, looked_at = {''}, 0
for index, id in ipairs(ids) do
  if index > args.most or #answer > 3 * args.limit then break end
  looked_at = index
  local entry = waiting_entry(id)
  local owner = entry and entry.owner  -- earlier versions did not write it
  if args.owner == '' or owner == nil or owner == args.owner then
    local task = read_task(id)
    local is_shown = task and not is_terminal(task.status) and (args.owner == '' or task.owner == args.owner)
    if is_shown and (args.taken or entry) then
      task.text = nil  -- of any length
      answer[#answer + 1] = cjson.encode(task)
      answer[#answer + 1] = args.taken and 0 or tasks + first + index
      answer[#answer + 1] = args.taken and '0' or tostring(seconds + ahead_in_lane(entry, lane))
    end
  end
end
local is_all = looked_at == #ids and (args.taken or #ids < args.most)
if not is_all then answer[1] = ids[looked_at] end
return answer
