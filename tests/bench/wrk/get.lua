-- GET the addresses of a file, one after the other: get.lua FILE [IF-NONE-MATCH]
dofile("tests/bench/wrk/report.lua")

function init(args)
  paths = {}
  for line in io.lines(args[1]) do
    table.insert(paths, line)
  end
  sent = number * 7919
  if args[2] then
    wrk.headers["If-None-Match"] = args[2]
  end
end

function request()
  sent = sent + 1
  return wrk.format("GET", paths[sent % #paths + 1])
end

function response(status)
  count(status)
  counted()
end
