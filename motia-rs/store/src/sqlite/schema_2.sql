-- Lanes, priorities, ends, holds, and the history of what ended.

-- Deliveries with a lane, a priority, an end or a key; all others lie in `delivery`, and pay nothing
-- for what they do not have. Both have the same ids, and the same columns up to `sum`.
CREATE TABLE special (
    id INTEGER PRIMARY KEY,
    token INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    -- In either table, what is held is due at the end of all time: 9223372036854775807.
    due_at INTEGER,
    emitted_at INTEGER NOT NULL,
    event BLOB NOT NULL,
    trace BLOB NOT NULL,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL,
    -- See the end of the tables.
    sum INTEGER,
    -- The part of the queue that it belongs to, if its step has a key.
    lane TEXT,
    -- 1 in a lane that is ordered: there a delivery keeps its place whatever it waits for.
    ordered INTEGER,
    -- From -9 to 9, empty for 0.
    priority INTEGER,
    expires_at INTEGER,
    cancel_key TEXT
) STRICT;

-- Not of those that wait in their place, for they are not pulled by the time.
CREATE INDEX special_due ON special ((id >> 47) & 65535, due_at, id) WHERE id < 0;

-- By rank: when it was emitted, a minute earlier for each level of priority.
CREATE INDEX special_rank
ON special ((id >> 47) & 65535, emitted_at - priority * 60000000, id)
WHERE priority IS NOT NULL AND id > 0;

CREATE INDEX special_lane ON special ((id >> 47) & 65535, lane, id) WHERE lane IS NOT NULL;

CREATE INDEX special_cancel_key ON special (cancel_key, id & 0x7fffffffffff)
WHERE cancel_key IS NOT NULL;

CREATE INDEX special_held ON special ((id >> 47) & 65535, id & 0x7fffffffffff)
WHERE due_at = 9223372036854775807;

ALTER TABLE dead_letter ADD COLUMN lane TEXT;
ALTER TABLE dead_letter ADD COLUMN ordered INTEGER;
ALTER TABLE dead_letter ADD COLUMN priority INTEGER;
ALTER TABLE dead_letter ADD COLUMN expires_at INTEGER;
ALTER TABLE dead_letter ADD COLUMN cancel_key TEXT;

ALTER TABLE failure ADD COLUMN class TEXT;

-- Deliveries that were neither handled nor given up.
CREATE TABLE ended (
    seq INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    emitted_at INTEGER NOT NULL,
    event BLOB NOT NULL,
    trace BLOB NOT NULL,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL,
    lane TEXT,
    ordered INTEGER,
    priority INTEGER,
    expires_at INTEGER,
    cancel_key TEXT,
    -- cancelled, expired or superseded
    ending TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    note TEXT NOT NULL,
    sum INTEGER
) STRICT;

CREATE INDEX ended_at ON ended (ended_at, seq);

-- A checksum of all columns that do not change once they were written, that is of all but the token,
-- the attempts and due_at of a delivery. A row whose sum does not fit is refused. Nothing is checked
-- where it is NULL, as in rows from before there were sums. So who mends a row by hand adds
-- `sum = NULL`: UPDATE state SET value = '[1]', sum = NULL WHERE "group" = 'orders' AND key = 'a';
ALTER TABLE delivery ADD COLUMN sum INTEGER;
ALTER TABLE dead_letter ADD COLUMN sum INTEGER;
ALTER TABLE failure ADD COLUMN sum INTEGER;
ALTER TABLE state ADD COLUMN sum INTEGER;
ALTER TABLE queue ADD COLUMN sum INTEGER;
ALTER TABLE meta ADD COLUMN sum INTEGER;

-- `syncs` counts the transactions that were made only to have earlier ones synced.
INSERT INTO meta (name, value) VALUES ('syncs', 0);

DROP VIEW waiting;
CREATE VIEW waiting AS
SELECT
    queue.step,
    every.id & 0x7fffffffffff AS seq,
    every.topic,
    every.attempts,
    every.lane,
    ifnull(every.priority, 0) AS priority,
    strftime('%FT%T', every.emitted_at / 1000000, 'unixepoch') || 'Z' AS emitted_at,
    strftime('%FT%T', every.due_at / 1000000, 'unixepoch') || 'Z' AS due_at,
    every.due_at IS 9223372036854775807 AS held,
    strftime('%FT%T', every.expires_at / 1000000, 'unixepoch') || 'Z' AS expires_at,
    every.cancel_key,
    lower(hex(every.event)) AS event,
    lower(hex(substr(every.trace, 1, 16))) AS trace_id,
    every.payload
FROM (
    SELECT *, NULL AS lane, NULL AS ordered, NULL AS priority, NULL AS expires_at, NULL AS cancel_key
    FROM delivery
    UNION ALL
    SELECT * FROM special
) AS every LEFT JOIN queue ON queue.id = (every.id >> 47) & 65535;

DROP VIEW dead;
CREATE VIEW dead AS
SELECT
    queue.step,
    dead_letter.seq,
    dead_letter.topic,
    dead_letter.attempts,
    dead_letter.lane,
    dead_letter.reason,
    strftime('%FT%T', dead_letter.emitted_at / 1000000, 'unixepoch') || 'Z' AS emitted_at,
    strftime('%FT%T', dead_letter.died_at / 1000000, 'unixepoch') || 'Z' AS died_at,
    lower(hex(dead_letter.event)) AS event,
    lower(hex(substr(dead_letter.trace, 1, 16))) AS trace_id,
    dead_letter.payload
FROM dead_letter LEFT JOIN queue ON queue.id = dead_letter.queue;

CREATE VIEW history AS
SELECT
    queue.step,
    ended.seq,
    ended.topic,
    ended.attempts,
    ended.ending,
    ended.note,
    strftime('%FT%T', ended.emitted_at / 1000000, 'unixepoch') || 'Z' AS emitted_at,
    strftime('%FT%T', ended.ended_at / 1000000, 'unixepoch') || 'Z' AS ended_at,
    lower(hex(ended.event)) AS event,
    lower(hex(substr(ended.trace, 1, 16))) AS trace_id,
    ended.payload
FROM ended LEFT JOIN queue ON queue.id = ended.queue;
