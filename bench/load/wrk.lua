-- Sends the requests of a file (each after a line with its length) round and round; tells the outcome as JSON.
local requests, at = {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  while true do
    local length = file:read("*n")
    if not length then break end
    file:read(1)
    requests[#requests + 1] = file:read(length)
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\noutcome {"requests": %d, "seconds": %f, "bytes": %d, "median_ms": %f, "p99_ms": %f, "failures": ' ..
    '{"connect": %d, "read": %d, "write": %d, "status": %d, "no answer in time": %d}}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
