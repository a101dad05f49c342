-- History that Redis has lost, put after what has come in since; in one step, because tasks end meanwhile, and their
-- ends are in the log by then. args: items (newest first), history_size. Returns how many were missing.
local history = context.kind .. ':history:latest'
local is_there = {}
for _, item in ipairs(redis.call('LRANGE', history, 0, -1)) do is_there[item] = true end
local count = 0
for _, item in ipairs(args.items) do
  if not is_there[item] and redis.call('LLEN', history) < args.history_size then
    redis.call('RPUSH', history, item)
    count = count + 1
  end
end
return count
