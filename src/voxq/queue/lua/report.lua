-- Publish progress of a task in work. args: id, worker, document, event.
-- Returns 1, or 0 if the worker has lost the claim (task cancelled or taken over) and must stop its work.
if holder_of(args.id) ~= args.worker then return 0 end
redis.call('SET', task_key(args.id), args.document)
redis.call('PUBLISH', EVENTS_CHANNEL, args.event)
return 1
