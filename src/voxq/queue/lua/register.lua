-- Write step W2: turn a claimed task into work in progress, unless `claim` has done it: if its RQ job is
-- missing, or Redis knows another run of it. A worker also calls it to register its tasks again after Redis
-- lost them. args: id, lane, worker, worker_key, execution, now, iso, ttl (s), document,
-- event, short, file, key (see `restore_lookups`), run, job (RQ's fields as a flat list). ARGV[3]: RQ's
-- compressed `data`.
-- Returns 1, or 0 if the task has ended, has been claimed by another worker, or has a later run.
local id, lane = args.id, args.lane
local task = read_task(id)
if task and (task.run > args.run or is_terminal(task.status)) then return 0 end
expect_to_write(lane)
local holder = holder_of(id)
if holder and holder ~= args.worker then return 0 end

redis.call('SET', claim_key(id), args.worker, 'EX', args.ttl)
redis.call('LREM', intermediate_key(lane), 0, id)
if redis.call('LREM', lane_key(lane), 0, id) > 0 then leave_lane(id) end
delete_unless('hash', job_key(id))
if redis.call('EXISTS', job_key(id)) == 0 then
  redis.call('HSET', job_key(id), 'data', ARGV[3], unpack(args.job))
  restore_lookups(id)
end
start(id, lane, args.execution, args.document, args.event)
return 1
