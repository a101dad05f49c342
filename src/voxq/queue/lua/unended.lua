-- Of tasks whose run has ended, those that Redis does not show so: unknown, before that end, or in an earlier run.
-- args: runs ({id, run} each). Returns ids.
local found = {}
for _, each in ipairs(args.runs) do
  local task = read_task(each[1])
  if not task or task.run < each[2] or (task.run == each[2] and not is_terminal(task.status)) then
    found[#found + 1] = each[1]
  end
end
return found
