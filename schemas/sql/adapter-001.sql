-- State of one adapter: what it has sent, what it has received, what it still owes.
-- Frames are sealed to their readers; besides them stand ids, codes, times and members only.

CREATE TABLE sdk_value (
  name TEXT PRIMARY KEY NOT NULL,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a message. frame is dropped once the message is final.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,             -- idempotency key
  content BLOB NOT NULL,                -- SHA-256 of what was asked to be sent
  message_id BLOB NOT NULL UNIQUE,      -- time-ordered
  env_id BLOB NOT NULL,
  type INTEGER NOT NULL,
  destinations TEXT NOT NULL,           -- members besides the hub, comma before and after each
  destination_count INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  state INTEGER NOT NULL,               -- enum sdk_state
  frame BLOB,
  CHECK (length(message_id) = 16 AND length(env_id) = 32 AND length(content) = 32)
) STRICT;
CREATE INDEX outbox_unanswered ON outbox (id) WHERE state = 0;
CREATE INDEX outbox_open ON outbox (id) WHERE state IN (2, 3);

CREATE TABLE outbox_receipt (
  outbox_id INTEGER NOT NULL REFERENCES outbox (id),
  kind INTEGER NOT NULL,
  by TEXT NOT NULL,
  about TEXT NOT NULL,
  code INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  q BLOB NOT NULL,                      -- the receipt itself
  proof BLOB NOT NULL,                  -- S of a member, or path and checkpoint of the hub
  PRIMARY KEY (outbox_id, kind, by, about)
) STRICT, WITHOUT ROWID;

-- Attachments that the hub may still ask for: files/<root>.out
CREATE TABLE outbox_file (
  root BLOB NOT NULL,
  outbox_id INTEGER NOT NULL REFERENCES outbox (id),
  PRIMARY KEY (root, outbox_id)
) STRICT, WITHOUT ROWID;

-- Conversations we number in, or receive in.
CREATE TABLE sdk_conversation (
  id BLOB PRIMARY KEY NOT NULL,
  sent INTEGER NOT NULL,                -- last sequence given
  received INTEGER NOT NULL             -- last delivery number done or declared empty
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
  id INTEGER PRIMARY KEY,
  sender TEXT NOT NULL,
  message_id BLOB NOT NULL,
  env_id BLOB NOT NULL,
  type INTEGER NOT NULL,
  conversation BLOB NOT NULL,
  number INTEGER NOT NULL,
  state INTEGER NOT NULL,               -- 1 waiting for a gap, 2 for attachments, 3 applied, 4 returned
  code INTEGER NOT NULL,                -- what was returned
  inner_code INTEGER NOT NULL,          -- why, for this side only
  frame BLOB,                           -- while waiting: LSE1
  statement BLOB,                       -- while waiting: LSV1
  UNIQUE (sender, message_id)
) STRICT;
CREATE INDEX inbox_env ON inbox (env_id);
CREATE INDEX inbox_waiting ON inbox (conversation, number) WHERE state IN (1, 2);
CREATE INDEX inbox_stuck ON inbox (id) WHERE state = 1;

-- Numbers that the hub declared empty, until they are passed.
CREATE TABLE inbox_gap (
  conversation BLOB NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (conversation, number)
) STRICT, WITHOUT ROWID;

-- Attachments being fetched: files/<root>.in
CREATE TABLE inbox_file (
  inbox_id INTEGER NOT NULL REFERENCES inbox (id),
  root BLOB NOT NULL,
  chunk_count INTEGER NOT NULL,
  done INTEGER NOT NULL,
  PRIMARY KEY (inbox_id, root)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_file_root ON inbox_file (root);

-- Receipts we owe: signed once, sent until the hub has acknowledged them.
CREATE TABLE inbox_receipt (
  id INTEGER PRIMARY KEY,
  inbox_id INTEGER NOT NULL REFERENCES inbox (id),
  kind INTEGER NOT NULL,
  q BLOB NOT NULL,
  s BLOB NOT NULL,
  acked INTEGER NOT NULL,
  UNIQUE (inbox_id, kind)
) STRICT;
CREATE INDEX inbox_receipt_owed ON inbox_receipt (id) WHERE acked = 0;

-- The directory runtime. One row a file taken from source/.
CREATE TABLE source_file (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL,                 -- SHA-256 of name and content
  attempt INTEGER NOT NULL,             -- the same file again after it was refused
  name TEXT NOT NULL,
  stored TEXT NOT NULL,                 -- name in done/ or refused/
  state INTEGER NOT NULL,               -- 1 taken, 2 refused here, 3 refused by the hub
  moved INTEGER NOT NULL,               -- 1: the file and its attachments are where they belong
  version INTEGER NOT NULL,             -- counts changes of what is known
  shown INTEGER NOT NULL,               -- version of the file written beside it
  report TEXT NOT NULL,                 -- refusal, as JSON: places and codes, no values
  files TEXT NOT NULL,                  -- attachments, JSON list
  UNIQUE (digest, attempt)
) STRICT;
CREATE INDEX source_file_due ON source_file (id) WHERE moved = 0 OR shown < version;

CREATE TABLE source_message (
  message_id BLOB PRIMARY KEY NOT NULL,
  file_id INTEGER NOT NULL REFERENCES source_file (id),
  row INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX source_message_file ON source_message (file_id, row);

-- Obligations of this member, as its own system knows them. Who is concerned stands in register/.
CREATE TABLE duty (
  obligation_id BLOB PRIMARY KEY NOT NULL,
  order_id BLOB NOT NULL,
  env_id BLOB NOT NULL,                 -- of the notice
  measure TEXT NOT NULL,
  force INTEGER NOT NULL,
  state INTEGER NOT NULL,               -- 1 pending, 2 in force, 3 declined, 4 ended
  version INTEGER NOT NULL,
  reference TEXT NOT NULL
) STRICT, WITHOUT ROWID;
