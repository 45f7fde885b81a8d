-- State of one adapter: what it has sent, what it has received, what it still owes.
-- Frames are sealed to their readers; besides them stand ids, codes, times and members only.

CREATE TABLE sdk_value (
  name TEXT PRIMARY KEY NOT NULL,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row an envelope; a message to a large group has several, part 0, 1, … under one key. Only
-- state and final_ms change, and they once: what moves until then stands in outbox_live. What is sealed
-- again to another key goes last, with another id.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,               -- rising
  key TEXT NOT NULL,                    -- idempotency key
  part INTEGER NOT NULL,
  content BLOB NOT NULL,                -- SHA-256 of what was asked to be sent
  message_id BLOB NOT NULL UNIQUE,      -- time-ordered
  told BLOB,                            -- the id that its caller knows, once it was sealed again
  env_id BLOB NOT NULL,
  type INTEGER NOT NULL,
  destinations TEXT NOT NULL,           -- members besides the hub, comma before and after each
  destination_count INTEGER NOT NULL,
  files INTEGER NOT NULL,               -- attachments in outbox_file
  state INTEGER NOT NULL,               -- enum sdk_state, once it is final; 0 until then
  final_ms INTEGER NOT NULL,
  UNIQUE (key, part),
  CHECK (length(message_id) = 16 AND length(env_id) = 32 AND length(content) = 32)
) STRICT;

CREATE INDEX outbox_told ON outbox (told) WHERE told IS NOT NULL;

-- The rows that are not final: small, because each receipt changes one.
CREATE TABLE outbox_live (
  id INTEGER PRIMARY KEY,
  message_id BLOB NOT NULL,
  state INTEGER NOT NULL,               -- enum sdk_state
  urgent INTEGER NOT NULL,              -- 1: goes before the others
  after INTEGER NOT NULL,               -- not before the hub has answered that row; 0: at once
  expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_urgent ON outbox_live (id) WHERE urgent = 1 AND state = 0;

-- What the hub itself has taken and brought to an end, for as long as a copy of its disk may be old:
-- a restored hub is sent it again. Attachments and frames stay meanwhile.
CREATE TABLE outbox_kept (
  id INTEGER PRIMARY KEY,
  message_id BLOB NOT NULL,
  until_ms INTEGER NOT NULL
) STRICT;

-- The archive of what was sent (adapters/sdk/sdk_archive.h): frames of the rows first … last, each u32
-- length and LSE1, and sealed under the storage key the keys of their parts (adapters/sdk/archive.h).
CREATE TABLE outbox_pack (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,             -- of the last of them
  keys BLOB NOT NULL,                   -- empty: without a storage key
  frames BLOB NOT NULL
) STRICT;

-- What went again under another id, and so under another row: where its first frame lies.
CREATE TABLE outbox_past (
  id INTEGER PRIMARY KEY,               -- the row that it had
  message_id BLOB NOT NULL UNIQUE,
  env_id BLOB NOT NULL,
  CHECK (length(message_id) = 16 AND length(env_id) = 32)
) STRICT;

-- Receipts about our messages; their own bytes stand in outbox_proof. again: 0, or the time of a kind
-- that can come several times.
CREATE TABLE outbox_receipt (
  outbox_id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  by TEXT NOT NULL,
  about TEXT NOT NULL,
  again INTEGER NOT NULL,
  code INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  proof INTEGER NOT NULL,               -- outbox_proof
  place INTEGER NOT NULL,               -- which entry of it, from 0
  PRIMARY KEY (outbox_id, kind, by, about, again)
) STRICT, WITHOUT ROWID;

-- LSR1 frames as they came: the receipts, their signatures, paths and checkpoints.
CREATE TABLE outbox_proof (
  id INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  frame BLOB NOT NULL
) STRICT;

-- Attachments that the hub may still ask for: files/<root>.out
CREATE TABLE outbox_file (
  outbox_id INTEGER NOT NULL,
  root BLOB NOT NULL,
  PRIMARY KEY (outbox_id, root)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_file_root ON outbox_file (root);

-- The same file for the same readers keeps its key and root. token: HMAC of both under the storage
-- key; key: sealed under it.
CREATE TABLE outbox_key (
  token BLOB PRIMARY KEY NOT NULL,
  root BLOB NOT NULL,
  key BLOB NOT NULL,
  used_ms INTEGER NOT NULL,
  CHECK (length(token) = 32 AND length(root) = 32 AND length(key) = 72)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_key_used ON outbox_key (used_ms);

-- Conversations we number in, or receive in.
CREATE TABLE sdk_conversation (
  id BLOB PRIMARY KEY NOT NULL,
  sent INTEGER NOT NULL,                -- last sequence given
  received INTEGER NOT NULL             -- last delivery number done or declared empty
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
  id INTEGER PRIMARY KEY,
  message_id BLOB NOT NULL,             -- time-ordered
  sender TEXT NOT NULL,
  env_id BLOB NOT NULL,
  type INTEGER NOT NULL,
  conversation BLOB NOT NULL,
  number INTEGER NOT NULL,
  state INTEGER NOT NULL,               -- 1 waiting for a gap, 2 for attachments, 3 applied, 4 returned, 5 withdrawn, 6 held for two officials
  code INTEGER NOT NULL,                -- what was returned
  inner_code INTEGER NOT NULL,          -- why, for this side only
  time_ms INTEGER NOT NULL,             -- of state
  UNIQUE (message_id, sender)
) STRICT;
CREATE INDEX inbox_waiting ON inbox (conversation, number) WHERE state IN (1, 2);
CREATE INDEX inbox_stuck ON inbox (id) WHERE state = 1;

CREATE INDEX inbox_held ON inbox (id) WHERE state = 6;

-- What two officials decided on what was held.
CREATE TABLE inbox_act (
  inbox_id INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  lsd1 BLOB NOT NULL
) STRICT;

-- What the registry was amended by, in the order in which it was applied.
CREATE TABLE amended (
  position INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  applied_ms INTEGER NOT NULL,
  lsd1 BLOB NOT NULL,
  CHECK (length(hash) = 32)
) STRICT;

-- Key records of our own, until the hub has said that they are in effect.
CREATE TABLE own_record (
  number INTEGER PRIMARY KEY,
  lsd1 BLOB NOT NULL
) STRICT;

-- What waits, or is held, as it came.
CREATE TABLE inbox_wait (
  inbox_id INTEGER PRIMARY KEY,
  frame BLOB NOT NULL,                  -- LSE1
  statement BLOB NOT NULL               -- LSV1
) STRICT;

-- Messages that their senders took back before they came.
CREATE TABLE inbox_withdrawn (
  message_id BLOB NOT NULL,
  sender TEXT NOT NULL,
  env_id BLOB NOT NULL,
  time_ms INTEGER NOT NULL,
  PRIMARY KEY (message_id, sender)
) STRICT, WITHOUT ROWID;

-- Numbers that the hub declared empty, until they are passed: last - number + 1 of them.
CREATE TABLE inbox_gap (
  conversation BLOB NOT NULL,
  number INTEGER NOT NULL,
  last INTEGER NOT NULL,
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

-- `opened` and `acted`, as we said them.
CREATE TABLE inbox_mark (
  inbox_id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  reference TEXT NOT NULL,
  PRIMARY KEY (inbox_id, kind)
) STRICT, WITHOUT ROWID;

-- The archive of what was applied: like outbox_pack, of rows of the inbox.
CREATE TABLE inbox_pack (
  first INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  keys BLOB NOT NULL,
  frames BLOB NOT NULL
) STRICT;

-- Receipts we owe: the entries of one LSR1 a row, signed once, sent until the hub acknowledges it.
CREATE TABLE inbox_owed (
  id INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  entries BLOB NOT NULL
) STRICT;

-- The mirror of restrictions (adapters/sdk/mirror_in.h): what is in force of each generation, ...
CREATE TABLE mirror (
  generation INTEGER PRIMARY KEY,
  current INTEGER NOT NULL,             -- 1: the one that is asked
  whole INTEGER NOT NULL,               -- 1: its snapshot has all its pages
  page INTEGER NOT NULL,                -- the last one here
  step INTEGER NOT NULL,                -- the last one in force
  size INTEGER NOT NULL,                -- log size of step, target: of the pages behind it
  target INTEGER NOT NULL,
  count INTEGER NOT NULL,               -- rows after page, and those without a token
  unnamed INTEGER NOT NULL,
  step_count INTEGER NOT NULL,          -- the same after step
  step_unnamed INTEGER NOT NULL,
  as_of_ms INTEGER NOT NULL,            -- of step, like what follows
  fresh_until_ms INTEGER NOT NULL,
  valid_until_ms INTEGER NOT NULL,
  known_ms INTEGER NOT NULL,            -- orders of other hubs before this are in it; 0: not known
  head BLOB NOT NULL,
  step_head BLOB NOT NULL,
  key BLOB NOT NULL,                    -- of its tokens, sealed under the storage key
  CHECK (length(head) = 32 AND length(step_head) = 32 AND length(key) = 72)
) STRICT;
CREATE UNIQUE INDEX mirror_current ON mirror (current) WHERE current = 1;

-- ... and its pages as they came, but for the key.
CREATE TABLE mirror_page (
  row INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  page INTEGER NOT NULL,
  head BLOB NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (generation, page),
  CHECK (length(head) = 32)
) STRICT;

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
