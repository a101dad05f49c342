-- Read a task's document and place. args: id.
-- Returns {document or '', position or 0, audio seconds ahead}.
local place = place_of(args.id) or {0, 0}
local document = redis.pcall('GET', task_key(args.id))
return {type(document) == 'string' and document or '', place[1], tostring(place[2])}
