-- Remove every trace of an ended task. args: id, short, lane. Returns 1 if it was known.
local id = args.id
local known = redis.call('DEL', task_key(id))
redis.call('HDEL', AUDIO, args.short)
local history = context.kind .. ':history:latest'
for _, item in ipairs(redis.call('LRANGE', history, 0, -1)) do
  local is_record, record = pcall(cjson.decode, item)
  if is_record and type(record) == 'table' and record.task_id == id then redis.call('LREM', history, 0, item) end
end
redis.call('DEL', job_key(id), 'rq:results:' .. id)
redis.call('ZREM', 'rq:finished:' .. args.lane, id)
redis.call('ZREM', 'rq:failed:' .. args.lane, id)
return known
