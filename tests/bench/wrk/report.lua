-- Shared by the other scripts: counts answers by status, and prints one JSON object when wrk is done.
threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

statuses = {}

function count(status)
  statuses[status] = (statuses[status] or 0) + 1
end

-- The tables of a thread cannot be read from outside, text can.
function counted()
  local parts = {}
  for status, number in pairs(statuses) do
    table.insert(parts, status .. "=" .. number)
  end
  told = table.concat(parts, " ")
  return told
end

function done(summary, latency)
  local total = {}
  for _, thread in ipairs(threads) do
    for status, number in string.gmatch(thread:get("told") or "", "(%d+)=(%d+)") do
      total[status] = (total[status] or 0) + tonumber(number)
    end
  end
  local by_status = {}
  for status, number in pairs(total) do
    table.insert(by_status, string.format('"%s": %d', status, number))
  end
  io.write(string.format(
    '\nRESULT {"requests": %d, "seconds": %.3f, "per_s": %.0f, "p50_ms": %.1f, "p95_ms": %.1f, "p99_ms": %.1f, '
      .. '"socket_errors": %d, "statuses": {%s}}\n',
    summary.requests, summary.duration / 1e6, summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    table.concat(by_status, ", ")))
end
