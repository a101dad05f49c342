-- Add what one process has counted to the sums of all. args: sender, number (of its parcel), amounts, ttl (s).
-- Returns 1, or 0 for a parcel that came before: its receipt was lost.
local known = 'voxq:counted:' .. args.sender
if tonumber(redis.call('GET', known) or '0') >= args.number then return 0 end
redis.call('SET', known, args.number, 'EX', args.ttl)
for name, amount in pairs(args.amounts) do add_to(COUNTERS_KEY, name, amount) end
return 1
