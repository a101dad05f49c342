-- Check a request before its upload is read. args: day, idempotency ('' = none), owner, per_minute (requests
-- of this owner, 0 = no limit).
-- Returns {the day's next number, audio seconds waiting, those of the owner, id of the task with this
-- idempotency key or '', seconds until the owner's rate allows a request (0: now), epoch or ''}. The number
-- is 0 if the rate does not allow the request.

-- Seconds until the rate limit admits a request of the owner; 0 admits it. A minute's worth of requests may
-- come at once, further ones at even intervals. The stored time is when the last admitted request would have
-- come, had all of them come evenly (GCRA).
local function seconds_too_early(owner, per_minute)
  local key, minute, step = 'voxq:rate:' .. owner, 60, 60 / per_minute
  local time = redis.call('TIME')
  local now = time[1] + time[2] / 1000000
  local last = tonumber(redis.call('GET', key) or '0')
  last = math.min(math.max(last, now), now + minute)  -- a clock set back must not block an owner for an hour
  local early = last + step - now - minute
  if early > 0.000001 then return early end
  redis.call('SET', key, string.format('%.6f', last + step), 'EX', minute + 1)
  return 0
end

local early = args.per_minute > 0 and seconds_too_early(args.owner, args.per_minute) or 0
local known = ''
if args.idempotency ~= '' then known = redis.call('GET', IDEMPOTENCY .. args.idempotency) or '' end
local number = 0
if early == 0 then
  local day = DAY .. args.day
  number = redis.call('INCR', day)
  redis.call('EXPIRE', day, 172800)
end
return {number, tostring(waiting_seconds()), tostring(owner_seconds(args.owner)), known, tostring(early),
  redis.call('GET', EPOCH_KEY) or ''}
