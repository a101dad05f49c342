-- Write step W1: ids out of the lanes into RQ's intermediate lists, each with a claim that expires.
-- args: worker, ttl (s), room ({held, free}, each by lane), lanes (to take from, in this order), most (in all).
-- Returns a flat list: id, lane, id, lane, ...

-- What the other workers that take on tasks have told of themselves. One that was killed fades within seconds.
local function other_rooms()
  local rooms, told = {}, redis.call('HGETALL', ROOMS)
  for index = 1, #told, 2 do
    local room = cjson.decode(told[index + 1])
    if room.gone < server_time() then
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

local others = other_rooms()

-- How many of the waiting tasks of a lane are this worker's. They are dealt one by one to whoever has a free slot
-- and holds fewest of the lane, then fewest of the others; the one that asks is first among equals. So none swallows
-- what another could begin at once, and what the others have no slot for is not left lying.
local function share_of(lane, waiting)
  local rivals = {}
  for index, other in ipairs(others) do
    local lead = load_in(args.room, lane) - load_in(other, lane)
    rivals[index] = {free = other.free[lane] or 0, lead = lead / 1000}
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

local taken = {}
for _, lane in ipairs(args.lanes) do
  local share = share_of(lane, redis.call('LLEN', lane_key(lane)))
  while share > 0 and #taken < 2 * args.most do
    local id = redis.call('LPOP', lane_key(lane))
    if not id then break end
    leave_lane(id)
    local task = read_task(id)
    -- An id can stand in a lane twice (RQ's own clean-up runs unlocked); the claim lets one through.
    if task and not is_terminal(task.status)
      and redis.call('SET', claim_key(id), args.worker, 'NX', 'EX', args.ttl) then
      redis.call('RPUSH', intermediate_key(lane), id)
      taken[#taken + 1] = id
      taken[#taken + 1] = lane
      args.room.held[lane] = (args.room.held[lane] or 0) + 1
      share = share - 1
    end
  end
end

-- What its heartbeat told of its room is not true any more. Without one it is not there for the others.
local told = redis.call('HGET', ROOMS, args.worker)
if told then
  args.room.gone = cjson.decode(told).gone
  for lane, free in pairs(args.room.free) do args.room.free[lane] = math.max(0, free - #taken / 2) end
  redis.call('HSET', ROOMS, args.worker, cjson.encode(args.room))
end
return taken
