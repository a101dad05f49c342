-- Before an upload is read. args: day, idempotency ('' = none), owner, per_minute (requests of this owner, 0 = no
-- limit).
-- Returns {the day's next number, audio seconds waiting, those of the owner, id of the task with this idempotency
-- key or '', seconds until the owner may come again (0: it may come in), epoch or ''}. Who may not come in gets no
-- number.

-- One more request of an owner: as many as a minute allows at once, then evenly. What is kept is when the last of
-- those that were let in would have come, had they all come evenly.
local function seconds_too_early(owner, per_minute)
  local key, minute, step = 'voxq:rate:' .. owner, 60, 60 / per_minute
  local time = redis.call('TIME')
  local now = time[1] + time[2] / 1000000
  local last = tonumber(redis.call('GET', key) or '0')
  last = math.min(math.max(last, now), now + minute)  -- a clock that was put back shuts nobody out for an hour
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
