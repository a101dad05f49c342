-- What a client asks about one task. args: id.
-- Returns {document or '', place in line or 0, audio seconds ahead, busy engine seconds ever, audio seconds ever}.
local answer = {redis.call('GET', task_key(args.id)) or '', 0, '0', '0', '0'}
local place = place_of(args.id)
if place then
  local stats = context.kind .. ':stats'
  answer[2], answer[3] = place[1], tostring(place[2])
  answer[4] = redis.call('HGET', stats, 'engine_seconds') or '0'
  answer[5] = redis.call('HGET', stats, 'audio_seconds') or '0'
end
return answer
