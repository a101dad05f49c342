-- Write step W1: ids out of the lanes into RQ's intermediate lists, each with a claim that expires.
-- args: worker, ttl (s), room ({held, free, models, broken}; held and free by lane), lanes (to take from, in this order),
-- beside (other lanes: while anything waits there, nothing is taken), most (in all), refusal (RQ's Result for jobs that are not ours), refusal_ttl (s, for which it is shown).
-- Returns {how many jobs were refused, how many still wait in these lanes, id, lane, id, lane, ...}, or {} because of
-- what waits beside them.

local function waiting_in(lanes)
  local count = 0
  for _, lane in ipairs(lanes) do count = count + redis.call('LLEN', lane_key(lane)) end
  return count
end

if waiting_in(args.beside) > 0 then return {} end
if waiting_in(args.lanes) == 0 then return {0, 0} end

-- What the other workers that take on tasks have told of themselves. One that was killed fades within seconds.
local function other_rooms()
  local rooms, told = {}, redis.call('HGETALL', ROOMS)
  for index = 1, #told, 2 do
    local room = decoded(told[index + 1])
    local seconds = room and (tonumber(room.gone) or 0) - server_time() or -1
    -- A minute ahead: it was told before the clock was put back.
    if not room or not room.held or not room.free or seconds < 0 or seconds > 60 then
      redis.call('HDEL', ROOMS, told[index])
    elseif told[index] ~= args.worker then
      rooms[#rooms + 1] = room
    end
  end
  return rooms
end

-- How much a worker has of a lane, in thousandths: what it holds of other lanes decides only between equals.
local function load_in(room, lane)
  local load = 0
  for each, count in pairs(room.held) do load = load + (each == lane and 1000 or 1) * count end
  return load
end

expect_to_write()
local others = other_rooms()

local my_models = {}
for _, name in ipairs(args.room.models) do my_models[name] = true end

-- Whether a worker can do all that this one can. One that cannot is no rival, because what it passes over must not
-- be left lying for its sake.
local function has_my_models(room)
  local missing = #args.room.models
  for _, name in ipairs(room.models or {}) do
    if my_models[name] then missing = missing - 1 end
  end
  return missing <= 0
end

-- How many of the waiting tasks of a lane are this worker's. They are dealt one by one to whoever has a free slot
-- and holds fewest of the lane, then fewest of the others; the one that asks is first among equals. So none swallows
-- what another could begin at once, and what the others have no slot for is not left lying.
local function share_of(lane, waiting)
  local rivals = {}
  for _, other in ipairs(others) do
    if has_my_models(other) then
      local lead = load_in(args.room, lane) - load_in(other, lane)
      rivals[#rivals + 1] = {free = other.free[lane] or 0, lead = lead / 1000}
    end
  end
  local free, count = args.room.free[lane] or 0, 0
  while count < free do
    local before = 0
    for _, rival in ipairs(rivals) do
      before = before + math.min(rival.free, math.max(0, math.ceil(rival.lead + count)))
    end
    if before + count >= waiting then break end
    count = count + 1
  end
  return count
end

-- The models of the other workers, by name. One that was killed stays in the hash for an hour: it may come back.
local others_models
local function do_others_have(model)
  if not others_models then
    others_models = {}
    local told = redis.call('HGETALL', WORKERS_KEY)
    for index = 1, #told, 2 do
      if told[index] ~= args.worker then
        local facts = decoded(told[index + 1]) or {}
        for _, names in ipairs({facts.models or {}, facts.synthesisers or {}}) do
          for _, name in ipairs(names) do others_models[name] = true end
        end
      end
    end
  end
  return others_models[model]
end

-- Whether a task would fail here, for want of its model, and not elsewhere.
local function is_for_others(task)
  local model = task.model
  return type(model) == 'string' and not my_models[model] and do_others_have(model)
end

local broken = {}
for _, name in ipairs(args.room.broken) do broken[name] = true end

-- Whether a task has to wait for a model that does not load here now.
local function is_to_wait(task) return broken[type(task.model) == 'string' and task.model or ''] end

-- What should not stand in a lane: a job that is not ours, or a task that has ended and that somebody had RQ queue
-- again. Another run of it is for VoxQ to make.
local function set_right(id, lane, task)
  if not task then
    refuse(id, lane, args.refusal_ttl, args.refusal)
  elseif redis.call('TYPE', job_key(id)).ok == 'hash' then
    local ttl = redis.call('TTL', task_key(id))
    local has_failed = task.status == 'failed'
    redis.call('HSET', job_key(id), 'status', has_failed and 'failed' or 'finished')
    redis.call('EXPIRE', job_key(id), math.max(1, ttl))
    redis.call('ZADD', (has_failed and RQ_FAILED or RQ_FINISHED) .. lane, server_time() + ttl, id)
  end
end

local MOST_PASSED = 50  -- tasks of a lane that are passed over: each costs a look, and again the next time
local taken, refused = {}, 0
for _, lane in ipairs(args.lanes) do
  expect_to_write(lane)
  local share = share_of(lane, redis.call('LLEN', lane_key(lane)))
  local passed = 0
  while share > 0 and #taken < 2 * args.most and passed < MOST_PASSED do
    local id = redis.call('LINDEX', lane_key(lane), passed)
    if not id then break end
    local task = read_task(id)
    local is_open = task and not is_terminal(task.status)
    if is_open and (is_to_wait(task) or is_for_others(task)) then
      passed = passed + 1
    else
      redis.call('LREM', lane_key(lane), 1, id)
      leave_lane(id)
      -- An id can stand in a lane twice (RQ's own clean-up runs unlocked); the claim lets one through.
      if not is_open then
        refused = refused + (task and 0 or 1)
        set_right(id, lane, task)
      elseif not holder_of(id) then
        redis.call('SET', claim_key(id), args.worker, 'EX', args.ttl)
        redis.call('RPUSH', intermediate_key(lane), id)
        taken[#taken + 1] = id
        taken[#taken + 1] = lane
        args.room.held[lane] = (args.room.held[lane] or 0) + 1
        share = share - 1
      end
    end
  end
end

-- What its heartbeat told of its room is not true any more. Without one it is not there for the others.
local told = redis.call('HGET', ROOMS, args.worker)
if told then
  args.room.gone = (decoded(told) or {}).gone or 0
  for lane, free in pairs(args.room.free) do args.room.free[lane] = math.max(0, free - #taken / 2) end
  redis.call('HSET', ROOMS, args.worker, cjson.encode(args.room))
end
return {refused, waiting_in(args.lanes), unpack(taken)}
