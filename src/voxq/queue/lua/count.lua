-- Add a process's counts to the sums of all processes.
-- args: sender, number (of the parcel), amounts, ttl (s).
-- Returns 1, or 0 for a parcel that was counted before and whose reply was lost.
local known = 'voxq:counted:' .. args.sender
if tonumber(redis.call('GET', known) or '0') >= args.number then return 0 end
redis.call('SET', known, args.number, 'EX', args.ttl)
for name, amount in pairs(args.amounts) do add_to(COUNTERS_KEY, name, amount) end
return 1
