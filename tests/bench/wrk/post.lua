-- POST the bodies of a file, each once and with a key of its own: post.lua FILE PATH TAG; starts over at its end.
dofile("tests/bench/wrk/report.lua")

function init(args)
  bodies = {}
  for line in io.lines(args[1]) do
    table.insert(bodies, line)
  end
  path, tag, sent = args[2], args[3], 0
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  sent = sent + 1
  wrk.headers["Idempotency-Key"] = string.format("bench-%s-%d-%d", tag, number, sent)
  return wrk.format("POST", path, nil, bodies[(sent - 1) % #bodies + 1])
end

function response(status)
  count(status)
  counted()
end
