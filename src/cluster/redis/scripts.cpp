// SPDX-License-Identifier: MIT
#include "scripts.hpp"

namespace simul::cluster::redis {

const db::redis_script& claim_script()
{
    // Nothing may fail between the first RPOP and the last line: a key that is no list is left to who waits for it.
    static const db::redis_script script(R"lua(
local room = tonumber(ARGV[1])
local lists = #KEYS - 2
local tag = lists + 1
local time = redis.call('TIME')
local now = string.format('%d.%06d', time[1], time[2])
local taken, index, entries = {}, {}, {}
for i = 1, lists do
    while tag < #ARGV and room > 0 do
        local envelope = redis.pcall('RPOP', KEYS[i + 2])
        if type(envelope) ~= 'string' then break end
        tag = tag + 1
        room = room - #envelope
        taken[#taken + 1] = i
        taken[#taken + 1] = envelope
        index[#index + 1] = now
        index[#index + 1] = ARGV[tag]
        entries[#entries + 1] = ARGV[tag]
        entries[#entries + 1] = '[' .. envelope .. ARGV[i + 1]
    end
end
if #taken > 0 then
    redis.call('HSET', KEYS[2], unpack(entries))
    redis.call('ZADD', KEYS[1], unpack(index))
end
return taken
)lua");
    return script;
}

const db::redis_script& renew_script()
{
    static const db::redis_script script(R"lua(
local time = redis.call('TIME')
local now = string.format('%d.%06d', time[1], time[2])
local gone = {}
for _, tag in ipairs(ARGV) do
    if redis.call('HEXISTS', KEYS[2], tag) == 1 then
        redis.call('ZADD', KEYS[1], now, tag)
    else
        gone[#gone + 1] = tag
    end
end
return gone
)lua");
    return script;
}

const db::redis_script& overdue_script()
{
    static const db::redis_script script(R"lua(
local time = redis.call('TIME')
local limit = time[1] + time[2] / 1000000 - tonumber(ARGV[1])
local found = {''}
for _, tag in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', limit, 'LIMIT', ARGV[2], ARGV[3])) do
    local entry = redis.call('HGET', KEYS[2], tag)
    if entry then
        found[#found + 1] = tag
        found[#found + 1] = entry
    else
        redis.call('ZREM', KEYS[1], tag)
    end
end
local next = redis.call('ZRANGEBYSCORE', KEYS[1], limit, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
if next[2] then
    found[1] = string.format('%.6f', next[2] - limit)
end
return found
)lua");
    return script;
}

const db::redis_script& move_script()
{
    static const db::redis_script script(R"lua(
local silence = tonumber(ARGV[4])
if silence > 0 then
    local time = redis.call('TIME')
    local taken = redis.call('ZSCORE', KEYS[1], ARGV[1])
    if taken and tonumber(taken) > time[1] + time[2] / 1000000 - silence then return 0 end
end
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 0 end
redis.call(ARGV[3], KEYS[3], ARGV[2])
return 1
)lua");
    return script;
}

const db::redis_script& store_script()
{
    static const db::redis_script script(R"lua(
local before = redis.call('GET', KEYS[1])
if before then
    local read, outcome = pcall(cjson.decode, before)
    if read and type(outcome) == 'table' and outcome.status == 'SUCCESS' then return 0 end
end
if tonumber(ARGV[2]) > 0 then
    redis.call('SETEX', KEYS[1], ARGV[2], ARGV[1])
else
    redis.call('SET', KEYS[1], ARGV[1])
end
redis.call('PUBLISH', KEYS[1], ARGV[1])
return 1
)lua");
    return script;
}

const db::redis_script& join_script()
{
    static const db::redis_script script(R"lua(
if ARGV[1] ~= '+inf' then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[1]) -- of a part that was done twice the last counts
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
if tonumber(ARGV[3]) > 0 then
    for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[3]) end
end
local parts = redis.call('GET', KEYS[2])
if not parts then return nil end
local correction = redis.call('GET', KEYS[3]) or 0
if redis.call('ZCARD', KEYS[1]) ~= parts + correction then return nil end
return redis.call('ZRANGE', KEYS[1], 0, -1)
)lua");
    return script;
}

} // namespace simul::cluster::redis
