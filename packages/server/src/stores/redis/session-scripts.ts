/**
 * What happens to sessions, each as one step. `KEYS[1]` is the user's index and `KEYS[2]` the session that is meant;
 * further ones are named by the ids in the index, all with the hash tag of the one user.
 */
import { script } from './connection.ts';

/** `session` as its record says; every script that changes one writes it back whole. */
const reading = `
local function read(key)
  local text = redis.call('GET', key)
  return text and cjson.decode(text)
end
local function finish(key, session, id, reason, now)
  session.endedAt = now
  session.endReason = reason
  redis.call('SET', key, cjson.encode(session), 'KEEPTTL')
  redis.call('ZREM', KEYS[1], id)
  local ended = KEYS[1] .. '-ended'
  redis.call('ZADD', ended, now, id)
  redis.call('ZREMRANGEBYSCORE', ended, '-inf', now - 86400000)
  redis.call('PEXPIRE', ended, 86400000)
end
`;

/** A live session is in the index, or it is none: see the head of sessions.ts. */
export const look = script(`
local text = redis.call('GET', KEYS[2])
return { text, redis.call('ZSCORE', KEYS[1], ARGV[1]) }
`);

/** ARGV: id, record, last used, milliseconds to keep, now, room for others, '1' when it is not over already, pause before forgetting. */
export const create = script(`${reading}
local now, room, forgetAfter = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[8])
local evicted, kept = {}, 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1, 'REV')) do
  local key = KEYS[1] .. ':' .. id
  local session = read(key)
  if not session or session.expiresAt + forgetAfter < now then
    redis.call('ZREM', KEYS[1], id)
  elseif session.expiresAt > now then
    kept = kept + 1
    if kept > room then
      finish(key, session, id, 'session_limit', now)
      evicted[#evicted + 1] = id
    end
  end
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4])
if ARGV[7] == '1' then
  local isNew = redis.call('EXISTS', KEYS[1]) == 0
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
  if isNew then redis.call('PEXPIRE', KEYS[1], ARGV[4]) else redis.call('PEXPIRE', KEYS[1], ARGV[4], 'GT') end
end
return evicted
`);

/** ARGV: id, generation, jti, next jti, next kid, now. The record as it is then; nothing when nothing was changed. */
export const rotate = script(`${reading}
local session, now = read(KEYS[2]), tonumber(ARGV[6])
if not session or not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return false end
if session.endedAt ~= cjson.null or session.expiresAt <= now then return false end
if session.generation ~= tonumber(ARGV[2]) or session.refreshJti ~= ARGV[3] then return false end
session.generation = session.generation + 1
session.previousJti = session.refreshJti
session.refreshJti = ARGV[4]
session.refreshKid = ARGV[5]
session.rotatedAt = now
session.successorSeen = false
session.lastUsedAt = now
session.expiresAt = math.min(now + session.idleSeconds * 1000, session.absoluteExpiresAt)
local text = cjson.encode(session)
local keepFor = math.max(session.expiresAt - now, 0) + 86400000
redis.call('SET', KEYS[2], text, 'PX', keepFor)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], keepFor, 'GT')
return text
`);

/** ARGV: generation. */
export const markSuccessorSeen = script(`${reading}
local session = read(KEYS[2])
if not session or session.successorSeen or session.generation ~= tonumber(ARGV[1]) then return 0 end
session.successorSeen = true
redis.call('SET', KEYS[2], cjson.encode(session), 'KEEPTTL')
return 1
`);

/** ARGV: id, reason, now. */
export const end = script(`${reading}
local session = read(KEYS[2])
if not session or session.endedAt ~= cjson.null then return 0 end
finish(KEYS[2], session, ARGV[1], ARGV[2], tonumber(ARGV[3]))
return 1
`);

/** ARGV: reason, now, the id that stays or ''. */
export const endAll = script(`${reading}
local now, ended = tonumber(ARGV[2]), 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = KEYS[1] .. ':' .. id
  local session = read(key)
  if session and session.expiresAt > now and id ~= ARGV[3] then
    finish(key, session, id, ARGV[1], now)
    ended = ended + 1
  end
end
return ended
`);

/** ARGV: since when. Ids and reasons in turn. */
export const listEnded = script(`${reading}
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1] .. '-ended', ARGV[1], '+inf', 'BYSCORE')) do
  local session = read(KEYS[1] .. ':' .. id)
  if session and session.endedAt ~= cjson.null then
    found[#found + 1] = id
    found[#found + 1] = session.endReason
  end
end
return found
`);

/**
 * ARGV: id, record, last used, milliseconds to keep. What is there already stays, whatever has become of it since: 0.
 */
export const adopt = script(`
if not redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4], 'NX') then return 0 end
local isNew = redis.call('EXISTS', KEYS[1]) == 0
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
if isNew then redis.call('PEXPIRE', KEYS[1], ARGV[4]) else redis.call('PEXPIRE', KEYS[1], ARGV[4], 'GT') end
return 1
`);

/** Ids and records in turn, last used first. */
export const list = script(`
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1, 'REV')) do
  local text = redis.call('GET', KEYS[1] .. ':' .. id)
  if text then
    found[#found + 1] = id
    found[#found + 1] = text
  end
end
return found
`);

/** ARGV: id. */
export const remove = script(`
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('DEL', KEYS[2])
`);
