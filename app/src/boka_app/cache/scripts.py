"""What Valkey runs by itself, so that one question is one round trip.

`slots:tenant:SLUG` leads to the tenant's id; `slots:catalog:TENANT` is the version of what it offers, and
`slots:touched:TENANT` counts changes of any other kind; `slots:calendar:TENANT:DAY` has the version of each employee's
calendar on that local date; `slots:people:…` whom a search is about. An answer lies under all the versions it was made
of, so a change makes it unreachable, and it ends after a minute. Versions live far longer than answers: none can come
back before the answers made of it have ended.
"""

from typing import Final

# slug, question, whom it is about, If-None-Match, days…: {0} unknown, {1, key} none yet, {2, tag} as the caller has
# it, {3, tag and answer}; to {1} belongs the version of the catalog by which the key was made
LOOK: Final = """
local tenant = redis.call('GET', 'slots:tenant:' .. ARGV[1])
if not tenant then return {0} end
local catalog = redis.call('GET', 'slots:catalog:' .. tenant) or '0'
local people = redis.call('GET', 'slots:people:' .. tenant .. ':' .. ARGV[3] .. ':' .. catalog)
if not people then return {0} end
local ids = {}
for id in string.gmatch(people, '%S+') do ids[#ids + 1] = id end
local touched = redis.call('GET', 'slots:touched:' .. tenant) or '0'
local versions = {catalog, touched, redis.call('GET', 'slots:epoch') or '0'}
for i = 5, #ARGV do
    for _, version in ipairs(redis.call('HMGET', 'slots:calendar:' .. tenant .. ':' .. ARGV[i], unpack(ids))) do
        versions[#versions + 1] = version or '0'
    end
end
local key = 'slots:answer:' .. tenant .. ':' .. ARGV[2] .. ':' .. redis.sha1hex(table.concat(versions, ','))
local answer = redis.call('GET', key)
if not answer then return {1, key, catalog} end
local tag = string.sub(answer, 1, 34)
if ARGV[4] ~= '' and (ARGV[4] == '*' or string.find(ARGV[4], tag, 1, true)) then return {2, tag} end
return {3, answer}
"""

# tenant, catalog version, slug, whom a search is about, ids of them
LEARN: Final = """
local known = tonumber(redis.call('GET', 'slots:catalog:' .. ARGV[1]) or '0')
if tonumber(ARGV[2]) < known then return 0 end
redis.call('SET', 'slots:catalog:' .. ARGV[1], ARGV[2], 'EX', 86400)
redis.call('SET', 'slots:people:' .. ARGV[1] .. ':' .. ARGV[4] .. ':' .. ARGV[2], ARGV[5], 'EX', 3600)
redis.call('SET', 'slots:tenant:' .. ARGV[3], ARGV[1], 'EX', 3600)
return 1
"""

# tenant, number of employees, employee, version, …, days…: each only ever grows
BUMP: Final = """
local past = 3 + 2 * tonumber(ARGV[2])
for d = past, #ARGV do
    local key = 'slots:calendar:' .. ARGV[1] .. ':' .. ARGV[d]
    for i = 3, past - 2, 2 do
        if tonumber(ARGV[i + 1]) > tonumber(redis.call('HGET', key, ARGV[i]) or '0') then
            redis.call('HSET', key, ARGV[i], ARGV[i + 1])
        end
    end
    redis.call('EXPIRE', key, 86400)
end
return 1
"""

# id of a tenant, or its slug: what nobody asked for by that slug has no answers
FORGET: Final = """
local tenant = redis.call('GET', 'slots:tenant:' .. ARGV[1]) or ARGV[1]
redis.call('INCR', 'slots:touched:' .. tenant)
redis.call('EXPIRE', 'slots:touched:' .. tenant, 86400)
return 1
"""
