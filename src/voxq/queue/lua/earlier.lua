-- The same request again. args: fingerprint, join (or only look for a result), lease (s).
-- Returns {'joined', id of a task under way, its lease begun anew} | {'hit', id of one that is done} | {}.
local function known(family)
  local id = redis.call('GET', context.kind .. ':' .. family .. ':' .. args.fingerprint)
  if id then return id, read_task(id) end
  return nil, nil
end

local id, task = known('joinable')
if args.join and task and not is_terminal(task.status) then
  local ends = redis.call('ZSCORE', LEASES, id)
  -- Without a lease it runs to its end in any case; with one that has ended it is about to be cancelled.
  if not ends or tonumber(ends) > server_time() then
    redis.call('ZADD', LEASES, 'XX', server_time() + args.lease, id)
    return {'joined', id}
  end
end
id, task = known('twin')
if task and task.status == 'done' then return {'hit', id} end
return {}
