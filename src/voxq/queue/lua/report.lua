-- Progress of a task in work. args: id, worker, document, event.
-- Returns 1, or 0 when the claim is not the worker's any more (cancelled, or taken over): stop working on it.
if holder_of(args.id) ~= args.worker then return 0 end
redis.call('SET', task_key(args.id), args.document)
redis.call('PUBLISH', EVENTS_CHANNEL, args.event)
return 1
