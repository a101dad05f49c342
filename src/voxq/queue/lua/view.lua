-- What a client asks about one task. args: id.
-- Returns {document or '', place in line or 0, audio seconds ahead}.
local place = place_of(args.id) or {0, 0}
local document = redis.pcall('GET', task_key(args.id))
return {type(document) == 'string' and document or '', place[1], tostring(place[2])}
