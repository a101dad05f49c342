-- Find an existing task for a repeated request.
-- args: fingerprint, join (false: only look for a result), lease (s).
-- Returns {'joined', id of an open task} after renewing its lease | {'hit', id of a task that is done} | {}.
local function known(family)
  local id = redis.call('GET', context.kind .. ':' .. family .. ':' .. args.fingerprint)
  if id then return id, read_task(id) end
  return nil, nil
end

local id, task = known('joinable')
if args.join and task and not is_terminal(task.status) then
  local ends = redis.call('ZSCORE', LEASES, id)
  -- Without a lease the task runs to its end in any case; with an expired one it is about to be cancelled.
  if not ends or tonumber(ends) > server_time() then
    redis.call('ZADD', LEASES, 'XX', server_time() + args.lease, id)
    return {'joined', id}
  end
end
id, task = known('twin')
if task and task.status == 'done' then return {'hit', id} end
return {}
