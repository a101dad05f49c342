-- Write step S3: put a task into its lane, once. One that Redis knows but would never deliver is queued again.
-- args: id, run, lane, seconds, owner, document, short, file, idempotency ('' = none), idempotency_ttl (s),
-- limit (of the audio seconds that wait, 0 = no limit), quota (the same of this owner's, 0 = no limit),
-- job (RQ's fields as a flat list).
-- ARGV[3]: RQ's compressed `data`: bytes, which JSON cannot carry.
-- Returns {'queued' or 'known', position or 0, seconds ahead} | {'same', other id}
-- | {'full', seconds waiting} | {'quota', waiting seconds of the owner}.
local id = args.id
expect_to_write(args.lane)
local function answer(word)
  local place = place_of(id) or {0, 0}
  return {word, place[1], tostring(place[2])}
end

local current = read_task(id)
if current and current.run >= args.run then
  local is_settled = current.run > args.run or is_terminal(current.status)
  if is_settled or is_taken(id) or place_of(id) then return answer('known') end
end

local idempotency = IDEMPOTENCY .. args.idempotency
if args.idempotency ~= '' and not current then
  local other = redis.call('GET', idempotency)
  if other and other ~= id then return {'same', other} end
end
local waiting = waiting_seconds()
if args.limit > 0 and waiting >= args.limit then return {'full', tostring(waiting)} end
local own = owner_seconds(args.owner)
if args.quota > 0 and own + args.seconds > args.quota + 0.001 then return {'quota', tostring(own)} end

if args.idempotency ~= '' then redis.call('SET', idempotency, id, 'EX', args.idempotency_ttl) end
redis.call('SET', task_key(id), args.document)
redis.call('HSET', AUDIO, args.short, args.file)
redis.call('DEL', job_key(id), RQ_RESULTS .. id)
redis.call('ZREM', RQ_FAILED .. args.lane, id)
redis.call('HSET', job_key(id), 'data', ARGV[3], unpack(args.job))
for _, lane in ipairs(context.lanes) do redis.call('SADD', RQ_QUEUES, lane_key(lane)) end
redis.call('LREM', lane_key(args.lane), 0, id)
leave_lane(id)
wait_in_lane(id, args.lane, args.seconds, args.owner, false)
redis.call('PUBLISH', WAKE_CHANNEL, id)
return answer('queued')
