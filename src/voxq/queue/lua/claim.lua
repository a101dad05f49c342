-- Write steps W1 and W2 in one: take ids out of the lanes, each with a claim that expires, and register them
-- as work in progress. One whose RQ job is missing only goes to RQ's intermediate list, for `register`.
-- args: worker, worker_key, ttl (s), room (the worker's capacity: {held, free, models, broken}; held and free
-- by lane), lanes (to take from, in this order), beside (other lanes: while anything waits there, nothing is
-- taken), most (in all), execution (how the ids of their executions begin), now, iso, started_at (the same
-- moment as RQ and as documents write it), refusal (RQ's Result for foreign jobs), refusal_ttl (s, for which it
-- is shown).
-- Returns {number of refused jobs, number still waiting in these lanes, id, lane, execution, run or 0 if it is
-- not registered, id, lane ...}, or {} if anything waits in the lanes beside.

local function waiting_in(lanes)
  local count = 0
  for _, lane in ipairs(lanes) do count = count + redis.call('LLEN', lane_key(lane)) end
  return count
end

if waiting_in(args.beside) > 0 then return {} end
if waiting_in(args.lanes) == 0 then return {0, 0} end

-- Capacities of the other workers that accept tasks. The entry of a killed worker expires within seconds.
local function other_capacities()
  local capacities, told = {}, redis.call('HGETALL', ROOMS)
  for index = 1, #told, 2 do
    local capacity = decoded(told[index + 1])
    local seconds = capacity and (tonumber(capacity.gone) or 0) - server_time() or -1
    -- An entry more than a minute ahead was written before the clock was set back.
    if not capacity or not capacity.held or not capacity.free or seconds < 0 or seconds > 60 then
      redis.call('HDEL', ROOMS, told[index])
    elseif told[index] ~= args.worker then
      capacities[#capacities + 1] = capacity
    end
  end
  return capacities
end

-- Load of a worker in a lane, in thousandths: its tasks of other lanes only break ties.
local function load_in(capacity, lane)
  local load = 0
  for each, count in pairs(capacity.held) do load = load + (each == lane and 1000 or 1) * count end
  return load
end

expect_to_write()
local others = other_capacities()

local my_models = {}
for _, name in ipairs(args.room.models) do my_models[name] = true end

-- Whether a worker has all models of this one. Tasks are not left for a worker that lacks some: it might skip
-- them, and they would wait for nothing.
local function has_my_models(capacity)
  local missing = #args.room.models
  for _, name in ipairs(capacity.models or {}) do
    if my_models[name] then missing = missing - 1 end
  end
  return missing <= 0
end

-- This worker's share of the waiting tasks of a lane. They are dealt one by one to the worker that has a free
-- slot and the fewest tasks of the lane, then the fewest of other lanes; on a tie this worker goes first. So
-- no worker takes tasks that another could begin at once, and tasks for which the others have no slot are not
-- left waiting.
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

-- Set of the models of other workers. A killed worker stays in the hash for an hour: it may be restarted.
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

-- Whether this worker lacks the task's model and another one has it.
local function is_left_to_others(task)
  local model = task.model
  return type(model) == 'string' and not my_models[model] and do_others_have(model)
end

local broken = {}
for _, name in ipairs(args.room.broken) do broken[name] = true end

-- Whether a task needs a model that fails to load here at the moment.
local function must_wait(task) return broken[type(task.model) == 'string' and task.model or ''] end

-- Deal with a lane entry that must not run: refuse a foreign job, and restore the RQ state of an ended task
-- that somebody requeued through RQ, since only VoxQ's retry starts another run.
local function repair_entry(id, lane, task)
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

local taken = {}
local WORDS = 4  -- of `taken`, per task

-- Take a task for this worker.
local function take(id, lane, task)
  local execution = args.execution .. string.format('%04x', #taken / WORDS)
  redis.call('SET', claim_key(id), args.worker, 'EX', args.ttl)
  delete_unless('hash', job_key(id))
  local is_started = false
  if redis.call('EXISTS', job_key(id)) == 1 then
    task.status, task.progress, task.text, task.started_at = 'processing', 0, '', args.started_at
    -- One key of a wrong type must not keep the worker from knowing what it has.
    is_started = pcall(start, id, lane, execution, cjson.encode(task), event_of(task))
  end
  if not is_started then redis.call('RPUSH', intermediate_key(lane), id) end
  for _, word in ipairs({id, lane, execution, is_started and task.run or 0}) do taken[#taken + 1] = word end
end

local MOST_PASSED = 50  -- tasks skipped per lane: each costs a read, at every claim
local refused = 0
for _, lane in ipairs(args.lanes) do
  expect_to_write(lane)
  local share = share_of(lane, redis.call('LLEN', lane_key(lane)))
  local passed = 0
  while share > 0 and #taken < WORDS * args.most and passed < MOST_PASSED do
    local id = redis.call('LINDEX', lane_key(lane), passed)
    if not id then break end
    local task = read_task(id)
    local is_open = task and not is_terminal(task.status)
    if is_open and (must_wait(task) or is_left_to_others(task)) then
      passed = passed + 1
    else
      redis.call('LREM', lane_key(lane), 1, id)
      leave_lane(id)
      -- An id can be in a lane twice (RQ's own clean-up takes no lock); the claim admits it once.
      if not is_open then
        refused = refused + (task and 0 or 1)
        repair_entry(id, lane, task)
      elseif not holder_of(id) then
        take(id, lane, task)
        args.room.held[lane] = (args.room.held[lane] or 0) + 1
        share = share - 1
      end
    end
  end
end

-- Update the capacity that the heartbeat published. Without an entry the others ignore this worker anyway.
local told = redis.call('HGET', ROOMS, args.worker)
if told then
  args.room.gone = (decoded(told) or {}).gone or 0
  for lane, free in pairs(args.room.free) do args.room.free[lane] = math.max(0, free - #taken / WORDS) end
  redis.call('HSET', ROOMS, args.worker, cjson.encode(args.room))
end
table.insert(taken, 1, waiting_in(args.lanes))
table.insert(taken, 1, refused)
return taken
