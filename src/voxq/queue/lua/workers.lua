-- List the workers that have reported. Returns {name, its facts as JSON, 1 | 0 if its channel is named there and
-- has no listener ...}.
local answer = {}
local reports = redis.call('HGETALL', WORKERS_KEY)
for index = 1, #reports, 2 do
  local facts = decoded(reports[index + 1])
  local is_connected = 1
  if facts and type(facts.channel) == 'string' then
    -- The kernel closes the connections of a killed process at once, on whatever machine it was.
    local listeners = redis.pcall('PUBSUB', 'NUMSUB', facts.channel)
    if type(listeners[2]) == 'number' and listeners[2] == 0 then is_connected = 0 end
  end
  for _, each in ipairs({reports[index], reports[index + 1], is_connected}) do answer[#answer + 1] = each end
end
return answer
