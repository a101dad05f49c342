-- Return a worker's tasks to their lanes, the first at the front. args: worker, held (list of {id, lane}).
-- Returns how many wait again.
expect_to_write()
local count = 0
for index = #args.held, 1, -1 do
  local id, lane = args.held[index][1], args.held[index][2]
  if holder_of(id) == args.worker and requeue(id, lane) then count = count + 1 end
end
if count > 0 then redis.call('PUBLISH', WAKE_CHANNEL, '') end
return count
