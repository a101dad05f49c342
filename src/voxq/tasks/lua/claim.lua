-- Write step W1: ids out of the lanes into RQ's intermediate lists, each with a claim that expires.
-- args: worker, ttl (s), free (how many may be taken, by lane), total (in all).
-- Returns a flat list: id, lane, id, lane, ...
local taken = {}
for _, lane in ipairs(context.lanes) do
  local free = args.free[lane] or 0
  while free > 0 and #taken < 2 * args.total do
    local id = redis.call('LPOP', lane_key(lane))
    if not id then break end
    leave_lane(id)
    local task = read_task(id)
    -- An id can stand in a lane twice (RQ's own clean-up runs unlocked); the claim lets one through.
    if task and not is_terminal(task.status)
      and redis.call('SET', claim_key(id), args.worker, 'NX', 'EX', args.ttl) then
      redis.call('RPUSH', intermediate_key(lane), id)
      taken[#taken + 1] = id
      taken[#taken + 1] = lane
      free = free - 1
    end
  end
end
return taken
