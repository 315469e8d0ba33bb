-- Segments: deliveries that were published together lie together in one row.

-- Each column has the values of all, in the order of their ids. A delivery that something else happens to
-- than that it starts and is done moves to `delivery` first.
CREATE TABLE segment (
    -- That of the first delivery, as in `delivery`.
    id INTEGER PRIMARY KEY,
    -- JSON: how far the id of each is from the first one's.
    offsets TEXT NOT NULL,
    -- JSON.
    emitted_at TEXT NOT NULL,
    -- 16 bytes for each.
    event BLOB NOT NULL,
    -- 25 bytes for each.
    trace BLOB NOT NULL,
    -- JSON: a list of texts, or one that all have.
    topic TEXT NOT NULL,
    -- JSON.
    payload TEXT NOT NULL,
    sum INTEGER
) STRICT;

-- What of each segment is not done: there is a 1 at the offset of each delivery that waits. A segment of which
-- nothing waits is removed.
CREATE TABLE segment_waiting (
    id INTEGER PRIMARY KEY,
    bits TEXT NOT NULL,
    sum INTEGER
) STRICT;

-- Attempts that were started at deliveries of segments.
CREATE TABLE segment_attempt (
    -- That of the delivery.
    id INTEGER PRIMARY KEY,
    token INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT;

CREATE TRIGGER segment_removed AFTER DELETE ON segment BEGIN
    DELETE FROM segment_attempt
    WHERE id >= old.id
        AND id <= old.id + iif(json_valid(old.offsets), old.offsets ->> '$[#-1]', 1023);
    DELETE FROM segment_waiting WHERE id = old.id;
END;

-- Views, in a form of the time that all versions of SQLite know.

DROP VIEW waiting;
CREATE VIEW waiting AS
SELECT
    queue.step,
    every.id & 0x7fffffffffff AS seq,
    every.topic,
    every.attempts,
    every.lane,
    ifnull(every.priority, 0) AS priority,
    strftime('%Y-%m-%dT%H:%M:%SZ', every.emitted_at / 1000000, 'unixepoch') AS emitted_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', every.due_at / 1000000, 'unixepoch') AS due_at,
    every.due_at IS 9223372036854775807 AS held,
    strftime('%Y-%m-%dT%H:%M:%SZ', every.expires_at / 1000000, 'unixepoch') AS expires_at,
    every.cancel_key,
    lower(hex(every.event)) AS event,
    lower(hex(substr(every.trace, 1, 16))) AS trace_id,
    every.payload
FROM (
    SELECT id, attempts, due_at, emitted_at, event, trace, topic, payload,
        NULL AS lane, NULL AS priority, NULL AS expires_at, NULL AS cancel_key
    FROM delivery
    UNION ALL
    SELECT id, attempts, due_at, emitted_at, event, trace, topic, payload,
        lane, priority, expires_at, cancel_key
    FROM special
    UNION ALL
    SELECT
        segment.id + place.value,
        ifnull((SELECT attempts FROM segment_attempt WHERE id = segment.id + place.value), 0),
        NULL,
        emitted_at ->> place.key,
        substr(event, 16 * place.key + 1, 16),
        substr(trace, 25 * place.key + 1, 25),
        iif(json_type(topic) = 'array', topic ->> place.key, topic ->> '$'),
        payload -> place.key,
        NULL, NULL, NULL, NULL
    FROM segment, segment_waiting, json_each(offsets) AS place
    WHERE segment_waiting.id = segment.id AND substr(bits, place.value + 1, 1) = '1'
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
    strftime('%Y-%m-%dT%H:%M:%SZ', dead_letter.emitted_at / 1000000, 'unixepoch') AS emitted_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', dead_letter.died_at / 1000000, 'unixepoch') AS died_at,
    lower(hex(dead_letter.event)) AS event,
    lower(hex(substr(dead_letter.trace, 1, 16))) AS trace_id,
    dead_letter.payload
FROM dead_letter LEFT JOIN queue ON queue.id = dead_letter.queue;

DROP VIEW history;
CREATE VIEW history AS
SELECT
    queue.step,
    ended.seq,
    ended.topic,
    ended.attempts,
    ended.ending,
    ended.note,
    strftime('%Y-%m-%dT%H:%M:%SZ', ended.emitted_at / 1000000, 'unixepoch') AS emitted_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', ended.ended_at / 1000000, 'unixepoch') AS ended_at,
    lower(hex(ended.event)) AS event,
    lower(hex(substr(ended.trace, 1, 16))) AS trace_id,
    ended.payload
FROM ended LEFT JOIN queue ON queue.id = ended.queue;

DROP VIEW entries;
CREATE VIEW entries AS
SELECT
    "group",
    key,
    value,
    version,
    strftime('%Y-%m-%dT%H:%M:%SZ', expires_at / 1000000, 'unixepoch') AS expires_at
FROM state;
