-- Many clients after few starts, by every way to one: contend.lua FACTS, whose lines are: path, service, group, then
-- employees (as many as given), then starts. Books, holds, books what it held, moves, cancels, takes seats and series.
dofile("tests/bench/wrk/report.lua")

function init(args)
  local lines = {}
  for line in io.lines(args[1]) do
    table.insert(lines, line)
  end
  path, service, group = lines[1], lines[2], lines[3]
  employees, starts = {}, {}
  for n = 4, #lines do
    table.insert(lines[n]:find("T") and starts or employees, lines[n])
  end
  tag, sent, holds, visits = args[2], 0, {}, {}
  math.randomseed(tonumber(tag) * 1000 + number)
end

local function any(list)
  return list[math.random(#list)]
end

local function headers(token)
  sent = sent + 1
  return {
    ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = string.format("contend-%s-%d-%d", tag, number, sent),
    ["Authorization"] = token and "Bearer " .. token or nil,
  }
end

local function wish(rest)
  return string.format(
    '{"service": "%s", "employee": "%s", "starts_at": "%s"%s}', service, any(employees), any(starts), rest or "")
end

local function customer()
  return string.format(', "customer": {"name": "Racer", "email": "racer%d@example.org"}', math.random(500))
end

function request()
  local dice = math.random(100)
  if dice <= 12 then
    return wrk.format("POST", path .. "/holds", headers(), wish())
  elseif dice <= 22 and #holds > 0 then
    local hold = table.remove(holds, math.random(#holds))
    return wrk.format("POST", path .. "/appointments", headers(), string.format(
      '{"service": "%s", "employee": "%s", "starts_at": "%s", "hold": "%s", "hold_token": "%s"%s}',
      service, hold.employee, hold.starts_at, hold.id, hold.token, customer()))
  elseif dice <= 40 and #visits > 0 then
    local visit = any(visits)
    return wrk.format("PATCH", path .. "/appointments/" .. visit.id, headers(visit.token),
      string.format('{"starts_at": "%s"}', any(starts)))
  elseif dice <= 50 and #visits > 20 then
    local visit = table.remove(visits, math.random(#visits))
    return wrk.format("DELETE", path .. "/appointments/" .. visit.id, headers(visit.token))
  elseif dice <= 58 then
    return wrk.format("POST", path .. "/appointments", headers(), string.format(
      '{"service": "%s", "starts_at": "%s"%s}', group, any(starts), customer()))
  elseif dice <= 63 then
    return wrk.format("POST", path .. "/series", headers(),
      wish(customer() .. ', "every_days": 1, "occurrences": 3'))
  end
  return wrk.format("POST", path .. "/appointments", headers(), wish(customer()))
end

function response(status, _, body)
  count(status)
  counted()
  local token = status == 201 and body:match('"token":"([^"]+)"')
  if not token then
    return
  end
  local found = {
    id = body:match('"id":"([%x-]+)"'), token = token,
    employee = body:match('"employee":"([%x-]+)"'), starts_at = body:match('"starts_at":"([^"]+)"'),
  }
  if body:find('^{"hold"') then
    table.insert(holds, found)
  elseif body:find('^{"appointment"') then
    table.insert(visits, found)
  end
end
