-- Restore history that Redis has lost, in one step, because tasks end meanwhile and are in the log, too.
-- Records that Redis got since then stay in front; those of a Redis that went back to an older state go to
-- the end.
-- args: items (newest first, at least one), history_size. Returns how many were missing.
local in_log, in_list, newer, older = {}, {}, {}, {}
for _, item in ipairs(args.items) do in_log[item] = true end

-- Sortable text for when a record's task was created: the time to the second, then the day's number from its
-- id.
local function age(item)
  local record = decoded(item) or {}
  return tostring(record.created_at) .. tostring(record.task_id)
end

local list, first_known = redis.call('LRANGE', HISTORY, 0, -1), nil
for index, item in ipairs(list) do
  if in_log[item] then
    in_list[item] = true
    first_known = first_known or index
  end
end
for index, item in ipairs(list) do
  if not in_log[item] then
    local is_newer
    if first_known then is_newer = index < first_known else is_newer = age(item) > age(args.items[1]) end
    local side = is_newer and newer or older
    side[#side + 1] = item
  end
end

redis.call('DEL', HISTORY)
for _, items in ipairs({newer, args.items, older}) do
  for _, item in ipairs(items) do redis.call('RPUSH', HISTORY, item) end
end
redis.call('LTRIM', HISTORY, 0, args.history_size - 1)
local count = 0
for _, item in ipairs(args.items) do
  if not in_list[item] then count = count + 1 end
end
return count
