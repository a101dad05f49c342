-- Functions shared by all scripts. ARGV[1] is the context: {kind = "asr", lanes = {"asr-queue-high", ...}},
-- best lane first; ARGV[2] has the script's named arguments. Keys are derived here, so the scripts need one
-- Redis, not a cluster.

-- `context`, `args` and the names in Redis (EPOCH_KEY, WAITING, RQ_FAILED, ...) come from `voxq.queue.script`
-- and `voxq.queue.keys`.

local function task_key(id) return TASK .. id end
local function claim_key(id) return context.kind .. ':claim:' .. id end
local function job_key(id) return RQ_JOB .. id end
local function lane_key(lane) return RQ_QUEUE .. lane end
local function intermediate_key(lane) return lane_key(lane) .. ':intermediate' end
local function started_key(lane) return RQ_STARTED .. lane end
-- `entry`: as in the list of started jobs, "<job id>:<execution id>".
local function execution_key(entry) return 'rq:execution:' .. entry end

-- Seconds on the clock of Redis, because the clocks of several machines differ.
local function server_time() return tonumber(redis.call('TIME')[1]) end

-- Add to a sum in a hash and return it. A value that another program made non-numeric is replaced.
local function add_to(key, name, amount)
  local sum = redis.pcall('HINCRBYFLOAT', key, name, amount)
  if type(sum) == 'string' then return tonumber(sum) end
  redis.call('HSET', key, name, amount)
  return amount
end

local function meter(name) return tonumber(redis.call('HGET', METERS, name) or '0') or 0 end

-- Decode a JSON object or list; nil for anything else. Other programs may have written anything to our keys,
-- and one bad value must not abort a script that serves other tasks.
local function decoded(raw)
  local is_json, value = pcall(cjson.decode, raw)
  if is_json and type(value) == 'table' then return value end
  return nil
end

-- Document of a task; nil if there is none or it is damaged (the next write replaces it).
local function read_task(id)
  local task = decoded(redis.pcall('GET', task_key(id)))
  if task and type(task.run) == 'number' then return task end
  return nil
end

local function is_terminal(status)
  return status == 'done' or status == 'failed' or status == 'cancelled'
end

local function waiting_entry(id)
  local entry = decoded(redis.call('HGET', WAITING, id))
  if entry and tonumber(entry.mark) and tonumber(entry.seconds) and entry.lane then return entry end
  return nil
end

-- Raise before the first write if later writes would fail, so that a script is atomic. A server that is full,
-- read-only or cannot save refuses this write, which changes nothing, but would let some later ones pass.
-- Reading the lane's keys raises if another program has replaced one of them by another type.
local function expect_to_write(lane)
  redis.call('SETRANGE', 'voxq:nothing', 0, '')
  if not lane then return end
  redis.call('LLEN', lane_key(lane))
  redis.call('LLEN', intermediate_key(lane))
  redis.call('ZCARD', started_key(lane))
  redis.call('HLEN', WAITING)
  redis.call('HLEN', METERS)
  redis.call('HLEN', OWNERS)
end

-- Delete a task's key if it exists with another type than `kind`.
local function delete_unless(kind, key)
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
end

-- Audio seconds of an owner's waiting tasks.
local function owner_seconds(owner) return tonumber(redis.call('HGET', OWNERS, owner) or '0') or 0 end

local function add_owner_seconds(owner, seconds)
  if add_to(OWNERS, owner, seconds) < 0.001 then redis.call('HDEL', OWNERS, owner) end
end

-- Put an id into its lane. Its `mark` is the audio that has entered the lane so far, its own included: minus
-- its own and minus what has left the lane, that is the audio ahead of it, without walking the list.
local function wait_in_lane(id, lane, seconds, owner, at_front)
  local mark
  if at_front then
    redis.call('LPUSH', lane_key(lane), id)
    mark = add_to(METERS, 'out:' .. lane, -seconds) + seconds
  else
    redis.call('RPUSH', lane_key(lane), id)
    mark = add_to(METERS, 'in:' .. lane, seconds)
  end
  redis.call('HSET', WAITING, id, cjson.encode({lane = lane, seconds = seconds, mark = mark, owner = owner}))
  add_owner_seconds(owner, seconds)
end

-- Remove an id's seconds from the meters; call it whenever an id has left a lane. Only an id that leaves from
-- the middle (because it was cancelled) is expensive: the marks of all tasks behind it change.
local function leave_lane(id)
  local entry = waiting_entry(id)
  if not entry then return end
  redis.call('HDEL', WAITING, id)
  local lane, seconds = entry.lane, entry.seconds
  if redis.call('HLEN', WAITING) == 0 then
    redis.call('DEL', OWNERS)  -- including rounding errors and entries of other programs
  elseif type(entry.owner) == 'string' then  -- earlier versions did not write it
    add_owner_seconds(entry.owner, -seconds)
  end
  if redis.call('LLEN', lane_key(lane)) == 0 then
    redis.call('HSET', METERS, 'out:' .. lane, redis.call('HGET', METERS, 'in:' .. lane) or '0')
    return
  end
  local left = entry.mark - meter('out:' .. lane)
  if left <= 0 then return end  -- another program emptied the lane, and the meters were reset
  if left <= seconds + 0.001 then
    add_to(METERS, 'out:' .. lane, seconds)
    return
  end
  add_to(METERS, 'in:' .. lane, -seconds)
  for _, other in ipairs(redis.call('LRANGE', lane_key(lane), 0, -1)) do
    local behind = waiting_entry(other)
    if behind and behind.mark >= entry.mark then
      behind.mark = behind.mark - seconds
      redis.call('HSET', WAITING, other, cjson.encode(behind))
    end
  end
end

-- Whether a worker, VoxQ's or a stock one, has the task. True for a dead worker until `expire` has run.
local function is_taken(id)
  if redis.call('EXISTS', claim_key(id), 'rq:executions:' .. id) > 0 then return true end
  for _, lane in ipairs(context.lanes) do
    if redis.call('LPOS', intermediate_key(lane), id) then return true end
  end
  return false
end

local function lane_seconds(lane) return math.max(0, meter('in:' .. lane) - meter('out:' .. lane)) end

local function waiting_seconds()
  local total = 0
  for _, lane in ipairs(context.lanes) do total = total + lane_seconds(lane) end
  return total
end

-- Tasks and audio seconds in the lanes better than this one, or nil if it is no lane of this kind.
local function ahead_of_lane(lane)
  local tasks, seconds = 0, 0
  for _, better in ipairs(context.lanes) do
    if better == lane then return tasks, seconds end
    tasks = tasks + redis.call('LLEN', lane_key(better))
    seconds = seconds + lane_seconds(better)
  end
  return nil
end

-- Audio seconds ahead of a waiting task within its lane.
local function ahead_in_lane(entry, lane)
  return math.max(0, entry.mark - entry.seconds - meter('out:' .. lane))
end

-- {position from 1, audio seconds ahead} of a waiting task, or nil.
local function place_of(id)
  local entry = waiting_entry(id)
  if not entry then return nil end
  local tasks, seconds = ahead_of_lane(entry.lane)
  local index = tasks and redis.call('LPOS', lane_key(entry.lane), id)
  if not index then return nil end
  return {tasks + index + 1, seconds + ahead_in_lane(entry, entry.lane)}
end

-- Restore the lookups of a task that Redis had lost: its short id (args.short, args.file), and its
-- Idempotency-Key (args.key: {Redis key, remaining seconds}, or false) unless another task has it by now.
local function restore_lookups(id)
  redis.call('HSETNX', AUDIO, args.short, args.file)
  if args.key then redis.call('SET', args.key[1], id, 'NX', 'EX', args.key[2]) end
end

-- Remove a job's executions from RQ's registries.
local function drop_executions(id, lane)
  for _, execution in ipairs(redis.call('ZRANGE', 'rq:executions:' .. id, 0, -1)) do
    redis.call('DEL', execution_key(id .. ':' .. execution))
    redis.call('ZREM', started_key(lane), id .. ':' .. execution)
  end
  redis.call('DEL', 'rq:executions:' .. id)
end

-- Record an execution of a job as RQ does, or renew it.
local function add_execution(id, lane, execution, worker, now, ttl)
  local key = execution_key(id .. ':' .. execution)
  redis.call('HSETNX', key, 'created_at', now)
  redis.call('HSET', key, 'id', execution, 'worker_name', worker, 'last_heartbeat', now)
  redis.call('EXPIRE', key, ttl)
  redis.call('ZADD', 'rq:executions:' .. id, now + ttl + 60, execution)
  redis.call('EXPIRE', 'rq:executions:' .. id, ttl + 60)
  redis.call('ZADD', started_key(lane), now + ttl, id .. ':' .. execution)
end

-- Turn a claimed task, whose job exists, into work in progress. The worker is that of the arguments, which must
-- be worker, worker_key, now, iso and ttl.
local function start(id, lane, execution, document, event)
  redis.call('HSET', job_key(id), 'status', 'started', 'started_at', args.iso, 'last_heartbeat', args.iso,
    'worker_name', args.worker)
  drop_executions(id, lane)
  add_execution(id, lane, execution, args.worker, args.now, args.ttl)
  if redis.call('EXISTS', args.worker_key) == 1 then
    redis.call('HSET', args.worker_key, 'state', 'busy', 'current_job', id)
  end
  redis.call('SET', task_key(id), document)
  redis.call('PUBLISH', EVENTS_CHANNEL, event)
end

-- Message for the events channel about a task, given its document.
local function event_of(task)
  return cjson.encode({task_id = task.task_id, kind = context.kind, run = task.run, status = task.status,
    progress = task.progress})
end

-- Name of the worker that has claimed a task, or false.
local function holder_of(id)
  delete_unless('string', claim_key(id))
  return redis.call('GET', claim_key(id))
end

-- Mark a foreign job as failed, which RQ's views show; `result` (RQ's Result as a flat list) says why. An id
-- without a job leaves no trace.
local function refuse(id, lane, ttl, result)
  if redis.call('TYPE', job_key(id)).ok ~= 'hash' then return end
  local now = server_time()
  redis.call('HSET', job_key(id), 'status', 'failed')
  redis.call('EXPIRE', job_key(id), ttl)
  delete_unless('stream', RQ_RESULTS .. id)
  redis.call('XADD', RQ_RESULTS .. id, 'MAXLEN', 10, '*', unpack(result))
  redis.call('EXPIRE', RQ_RESULTS .. id, ttl)
  redis.call('ZADD', RQ_FAILED .. lane, now + ttl, id)
end

-- Return a claimed task to the front of its lane, without blame. Returns false if it has ended or is unknown.
local function requeue(id, lane)
  redis.call('DEL', claim_key(id))
  redis.call('LREM', intermediate_key(lane), 0, id)
  drop_executions(id, lane)
  local task = read_task(id)
  if not task or is_terminal(task.status) then return false end
  task.status = 'queued'
  task.text = ''
  task.progress = 0
  task.started_at = nil
  redis.call('SET', task_key(id), cjson.encode(task))
  delete_unless('hash', job_key(id))
  redis.call('HSET', job_key(id), 'status', 'queued', 'worker_name', '')
  redis.call('LREM', lane_key(lane), 0, id)  -- RQ's own clean-up may have requeued it already
  leave_lane(id)
  wait_in_lane(id, lane, tonumber(task.seconds) or 0, type(task.owner) == 'string' and task.owner or '', true)
  return true
end

-- Enqueue the RQ job that delivers a webhook, once. `webhook`: {id, queue, fields}, or false.
local function enqueue_webhook(webhook)
  if not webhook or redis.call('EXISTS', job_key(webhook.id)) == 1 then return end
  redis.call('HSET', job_key(webhook.id), unpack(webhook.fields))
  redis.call('SADD', RQ_QUEUES, lane_key(webhook.queue))
  redis.call('RPUSH', lane_key(webhook.queue), webhook.id)
end
