-- A worker hands back what it holds. args: worker, held (list of {id, lane}). Returns how many wait again.
local count = 0
for _, held in ipairs(args.held) do
  if redis.call('GET', claim_key(held[1])) == args.worker and give_back(held[1], held[2]) then count = count + 1 end
end
if count > 0 then redis.call('PUBLISH', WAKE, '') end
return count
