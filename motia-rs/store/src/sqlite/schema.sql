-- The store file of motia-rs. Times are microseconds since 1970 in UTC.
-- To look around, start with the views at the end: waiting, dead, entries.

-- Counters: `epoch` counts the openings, `reserved` ends the block of numbers in use.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('epoch', 0), ('reserved', 1);

CREATE TABLE queue (
    id INTEGER PRIMARY KEY,
    step TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE delivery (
    -- queue << 47 | seq, so that a queue is one range in order of commits.
    -- The sign bit is set while the delivery waits for due_at: those are a range of their own.
    id INTEGER PRIMARY KEY,
    token INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER,
    emitted_at INTEGER NOT NULL,
    event BLOB NOT NULL,
    -- Trace id (16 bytes), span id (8), whether it is sampled (1).
    trace BLOB NOT NULL,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL
) STRICT;

CREATE INDEX delivery_due ON delivery ((id >> 47) & 65535, due_at, id) WHERE due_at IS NOT NULL;

CREATE TABLE dead_letter (
    seq INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    token INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    emitted_at INTEGER NOT NULL,
    event BLOB NOT NULL,
    trace BLOB NOT NULL,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL,
    reason TEXT NOT NULL,
    died_at INTEGER NOT NULL
) STRICT;

CREATE INDEX dead_letter_queue ON dead_letter (queue);

-- Failed attempts of deliveries that are tried again, and of dead letters.
CREATE TABLE failure (
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (seq, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
    "group" TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires_at INTEGER,
    value TEXT NOT NULL,
    PRIMARY KEY ("group", key)
) STRICT, WITHOUT ROWID;

CREATE INDEX state_expires ON state (expires_at) WHERE expires_at IS NOT NULL;

CREATE VIEW waiting AS
SELECT
    queue.step,
    delivery.id & 0x7fffffffffff AS seq,
    delivery.topic,
    delivery.attempts,
    strftime('%FT%T', delivery.emitted_at / 1000000, 'unixepoch') || 'Z' AS emitted_at,
    strftime('%FT%T', delivery.due_at / 1000000, 'unixepoch') || 'Z' AS due_at,
    lower(hex(delivery.event)) AS event,
    lower(hex(substr(delivery.trace, 1, 16))) AS trace_id,
    delivery.payload
FROM delivery LEFT JOIN queue ON queue.id = (delivery.id >> 47) & 65535;

CREATE VIEW dead AS
SELECT
    queue.step,
    dead_letter.seq,
    dead_letter.topic,
    dead_letter.attempts,
    dead_letter.reason,
    strftime('%FT%T', dead_letter.emitted_at / 1000000, 'unixepoch') || 'Z' AS emitted_at,
    strftime('%FT%T', dead_letter.died_at / 1000000, 'unixepoch') || 'Z' AS died_at,
    lower(hex(dead_letter.event)) AS event,
    lower(hex(substr(dead_letter.trace, 1, 16))) AS trace_id,
    dead_letter.payload
FROM dead_letter LEFT JOIN queue ON queue.id = dead_letter.queue;

CREATE VIEW entries AS
SELECT
    "group",
    key,
    value,
    version,
    strftime('%FT%T', expires_at / 1000000, 'unixepoch') || 'Z' AS expires_at
FROM state;
