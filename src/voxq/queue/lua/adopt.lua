-- Make a new task the one for its fingerprint. args: id, fingerprint, ttl (s), lease (s; 0: its client does
-- not wait, so no other request joins it and it runs to its end). Returns 1.
local function remember(family)
  redis.call('SET', context.kind .. ':' .. family .. ':' .. args.fingerprint, args.id, 'EX', args.ttl)
end

remember('twin')
if args.lease > 0 then
  remember('joinable')
  local task = read_task(args.id)
  if task and not is_terminal(task.status) then
    redis.call('ZADD', LEASES, server_time() + args.lease, args.id)
  end
end
return 1
