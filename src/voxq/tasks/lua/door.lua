-- Before an upload is read. args: day, idempotency ('' = none).
-- Returns {the day's next number, audio seconds waiting, id of the task with this idempotency key or ''}.
local known = ''
if args.idempotency ~= '' then known = redis.call('GET', context.kind .. ':idempotency:' .. args.idempotency) or '' end
local day = context.kind .. ':day:' .. args.day
local number = redis.call('INCR', day)
redis.call('EXPIRE', day, 172800)
return {number, tostring(waiting_seconds()), known}
