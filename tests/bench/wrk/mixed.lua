-- 25 searches to each booking: mixed.lua PATHS BODIES PATH
dofile("tests/bench/wrk/report.lua")

function lines_of(file)
  local lines = {}
  for line in io.lines(file) do
    table.insert(lines, line)
  end
  return lines
end

function init(args)
  paths, bodies, path, sent, booked = lines_of(args[1]), lines_of(args[2]), args[3], 0, 0
  headers = {["Content-Type"] = "application/json"}
end

function request()
  sent = sent + 1
  if sent % 26 > 0 then
    return wrk.format("GET", paths[math.random(#paths)])
  end
  booked = booked + 1
  headers["Idempotency-Key"] = string.format("mixed-%d-%d", number, booked)
  return wrk.format("POST", path, headers, bodies[math.random(#bodies)])
end

function response(status)
  count(status)
  counted()
end
