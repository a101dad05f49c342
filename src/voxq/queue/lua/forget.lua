-- Remove every trace of a task that has ended or was withdrawn. args: id, short.
-- Returns 1 if it had a document.
local id = args.id
for _, lane in ipairs(context.lanes) do
  redis.call('LREM', lane_key(lane), 0, id)
  redis.call('ZREM', RQ_FINISHED .. lane, id)
  redis.call('ZREM', RQ_FAILED .. lane, id)
end
leave_lane(id)
redis.call('HDEL', AUDIO, args.short)
redis.call('DEL', job_key(id), RQ_RESULTS .. id)
for _, item in ipairs(redis.call('LRANGE', HISTORY, 0, -1)) do
  local is_record, record = pcall(cjson.decode, item)
  if is_record and type(record) == 'table' and record.task_id == id then redis.call('LREM', HISTORY, 0, item) end
end
return redis.call('DEL', task_key(id))
