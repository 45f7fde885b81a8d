-- The hub's database, version 1. Bounds are those of hub/store/ids.h.
-- seq and leaf: index of the log leaf that recorded the row. Times are ms since 1970, dates yyyymmdd.
-- What a facts part says stands in `sealed` columns only; subjects appear as handles.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY NOT NULL CHECK (length(name) BETWEEN 1 AND 48),
  value BLOB NOT NULL CHECK (length(value) <= 4096)
) STRICT, WITHOUT ROWID;

-- What nearly every commit changes a little, together so that it is one page:
-- kind 1: counters by name; 2: number of a member's stream up to which all is acknowledged; 3: who ever
-- had anything queued: no is the number by which the queue's keys name a member, value its counts as
-- varints (hub/store/queue_member.c). Written once a commit.
CREATE TABLE state (
  kind  INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
  no    INTEGER NOT NULL CHECK (CASE kind WHEN 3 THEN no BETWEEN 1 AND 32768 ELSE no = 0 END),
  name  TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND iif(kind = 1, 48, 40)),
  value ANY NOT NULL CHECK (CASE kind WHEN 3
    THEN typeof(value) = 'blob' AND length(value) BETWEEN 20 AND 200
    ELSE typeof(value) = 'integer' AND value >= iif(kind = 1, 0, 1) END),
  PRIMARY KEY (kind, no, name)
) STRICT, WITHOUT ROWID;

-- The audit log: leaves for ever, many packed into a row (hub/store/log_own.h), tiles of 256 hashes
-- when complete.
CREATE TABLE leaf_block (
  first  INTEGER PRIMARY KEY CHECK (first >= 0),
  leaves BLOB NOT NULL CHECK (length(leaves) BETWEEN 17 AND 131072)
) STRICT;

-- key = level << 48 | number
CREATE TABLE tile (
  key    INTEGER PRIMARY KEY CHECK (key >= 0),
  hashes BLOB NOT NULL CHECK (length(hashes) = 8192)
) STRICT;

CREATE TABLE checkpoint (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  size INTEGER NOT NULL CHECK (size > 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  text BLOB NOT NULL CHECK (length(text) BETWEEN 1 AND 8192)
) STRICT;

-- Every envelope ever answered. Message ids begin with their time, so rows are appended per sender.
-- body: env_id and the rest (hub/store/message_row.c); open: recipients without a final receipt.
CREATE TABLE message (
  sender      TEXT NOT NULL CHECK (length(sender) BETWEEN 1 AND 40),
  id          BLOB NOT NULL CHECK (length(id) = 16),
  accepted_ms INTEGER NOT NULL CHECK (accepted_ms >= 0),
  open        INTEGER NOT NULL CHECK (open >= 0),
  body        BLOB NOT NULL CHECK (length(body) BETWEEN 96 AND 140), -- longer: a hub handed it on
  PRIMARY KEY (sender, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE frame (
  seq   INTEGER PRIMARY KEY CHECK (seq >= 0),
  sum   INTEGER NOT NULL,
  bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 1 AND 1114112)
) STRICT;

-- Rows of message, frame and queue put lately, packed, one row a commit (hub/store/fresh_own.h): those
-- that last go to their tables.
CREATE TABLE fresh (
  no  INTEGER PRIMARY KEY CHECK (no > 0),
  ops BLOB NOT NULL CHECK (length(ops) BETWEEN 12 AND 524288)
) STRICT;

-- The sender's own numbers, checked by the first hub.
CREATE TABLE sequence (
  sender       TEXT NOT NULL,
  conversation BLOB NOT NULL CHECK (length(conversation) = 16),
  last         INTEGER NOT NULL CHECK (last > 0),
  PRIMARY KEY (sender, conversation)
) STRICT, WITHOUT ROWID;

-- One row per (recipient, undelivered envelope), in the order of delivery:
-- key = member no << 44 | state << 42 | lane << 40 | seq; place = member ‖ conversation ‖ delivery number;
-- wake = member ‖ lane ‖ due ‖ seq of a waiting row; body: hub/store/queue_row.c.
CREATE TABLE queue (
  key   INTEGER PRIMARY KEY CHECK (key >= 0),
  place BLOB CHECK (length(place) = 26),
  wake  BLOB CHECK (length(wake) = 16),
  body  BLOB NOT NULL CHECK (length(body) BETWEEN 27 AND 512)
) STRICT;
CREATE INDEX queue_place ON queue (place) WHERE place IS NOT NULL;
CREATE INDEX queue_wake ON queue (wake) WHERE wake IS NOT NULL;

-- Delivery numbers that nothing will fill, in runs, until the recipient knows of them.
CREATE TABLE tombstone (
  place BLOB PRIMARY KEY NOT NULL CHECK (length(place) = 26),
  count INTEGER NOT NULL CHECK (count > 0),
  kind  INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 255),
  leaf  INTEGER NOT NULL CHECK (leaf >= 0)
) STRICT, WITHOUT ROWID;

-- conversation = member ‖ conversation; last: its latest delivery number.
CREATE TABLE delivery (
  conversation BLOB PRIMARY KEY NOT NULL CHECK (length(conversation) = 18),
  last         INTEGER NOT NULL CHECK (last > 0)
) STRICT, WITHOUT ROWID;

-- Receipts on their way to a member: indexes of leaves, 8 bytes each, the first of them with number
-- `first`; a row goes when all of them are acknowledged.
CREATE TABLE stream_block (
  member TEXT NOT NULL CHECK (length(member) BETWEEN 1 AND 40),
  first  INTEGER NOT NULL CHECK (first > 0),
  leaves BLOB NOT NULL CHECK (length(leaves) BETWEEN 8 AND 8192 AND length(leaves) % 8 = 0),
  PRIMARY KEY (member, first)
) STRICT, WITHOUT ROWID;

-- Attachments: the chunks lie beside the database in chunks/<name>, `have` of them on disk for sure.
CREATE TABLE chunk_file (
  file       INTEGER PRIMARY KEY AUTOINCREMENT,
  name       BLOB NOT NULL UNIQUE CHECK (length(name) = 16),
  sender     TEXT NOT NULL CHECK (length(sender) BETWEEN 1 AND 40),
  root       BLOB NOT NULL CHECK (length(root) = 32),
  count      INTEGER NOT NULL CHECK (count BETWEEN 1 AND 1048576),
  have       INTEGER NOT NULL CHECK (have BETWEEN 0 AND count),
  referred   INTEGER NOT NULL CHECK (referred IN (0, 1)), -- a message needed it
  touched_ms INTEGER NOT NULL CHECK (touched_ms >= 0)
) STRICT;
CREATE INDEX chunk_file_sender ON chunk_file (sender, count);

CREATE TABLE chunk_ref (
  seq  INTEGER NOT NULL CHECK (seq >= 0),
  file INTEGER NOT NULL REFERENCES chunk_file (file),
  PRIMARY KEY (seq, file)
) STRICT, WITHOUT ROWID;
CREATE INDEX chunk_ref_file ON chunk_ref (file);

-- What stands for an identifier in every other table (hub/store/handle.h). token: keyed; sealed: the
-- identifier itself, for the next token key; one zero byte: erased with the last order about it, or by
-- that decision.
CREATE TABLE handle (
  token  BLOB PRIMARY KEY NOT NULL CHECK (length(token) = 16),
  handle BLOB NOT NULL UNIQUE CHECK (length(handle) = 16),
  seq    INTEGER NOT NULL CHECK (seq >= 0),
  sealed BLOB NOT NULL CHECK (length(sealed) = 1 OR length(sealed) BETWEEN 41 AND 256)
) STRICT, WITHOUT ROWID;

-- Subjects and relations: appended, never overwritten. Tokens of subjects and persons are handles.
CREATE TABLE subject (
  token    BLOB NOT NULL CHECK (length(token) = 16),
  seq      INTEGER NOT NULL CHECK (seq >= 0),
  kind     INTEGER NOT NULL CHECK (kind >= 0),
  region   TEXT NOT NULL CHECK (length(region) IN (0, 6)),
  sealed   BLOB NOT NULL CHECK (length(sealed) <= 98304),
  document BLOB NOT NULL CHECK (length(document) = 32),
  PRIMARY KEY (token, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE relation (
  subject   BLOB NOT NULL CHECK (length(subject) = 16),
  person    BLOB NOT NULL CHECK (length(person) = 16),
  role      INTEGER NOT NULL CHECK (role >= 0),
  from_date INTEGER NOT NULL CHECK (from_date BETWEEN 0 AND 99991231),
  seq       INTEGER NOT NULL CHECK (seq >= 0),
  to_date   INTEGER NOT NULL CHECK (to_date BETWEEN 0 AND 99991231),
  sealed    BLOB NOT NULL CHECK (length(sealed) <= 98304),
  document  BLOB NOT NULL CHECK (length(document) = 32),
  PRIMARY KEY (subject, person, role, from_date, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX relation_person ON relation (person, subject, role, from_date, seq);

-- The credit ratings that a subject had: appended, never overwritten; the highest key is the one that stands.
CREATE TABLE rating (
  subject    BLOB NOT NULL CHECK (length(subject) = 16),
  from_date  INTEGER NOT NULL CHECK (from_date BETWEEN 1 AND 99991231),
  issued_ms  INTEGER NOT NULL CHECK (issued_ms > 0),
  id         BLOB NOT NULL CHECK (length(id) = 16),
  seq        INTEGER NOT NULL CHECK (seq >= 0),
  PRIMARY KEY (subject, from_date, issued_ms, id)
) STRICT, WITHOUT ROWID;

-- Orders: one row per state they ever had; the newest is the order as it stands.
CREATE TABLE sanction (
  id              BLOB NOT NULL CHECK (length(id) = 16),
  seq             INTEGER NOT NULL CHECK (seq >= 0),
  version         INTEGER NOT NULL CHECK (version > 0),
  state           INTEGER NOT NULL CHECK (state BETWEEN 1 AND 6),
  episode         INTEGER NOT NULL CHECK (episode >= 0),
  issuer          TEXT NOT NULL CHECK (length(issuer) BETWEEN 1 AND 40),
  list            TEXT NOT NULL CHECK (length(list) <= 32),
  trigger         TEXT NOT NULL CHECK (length(trigger) <= 32),
  rule            TEXT NOT NULL CHECK (length(rule) <= 32),
  changed_by      TEXT NOT NULL CHECK (length(changed_by) <= 40),
  act             BLOB NOT NULL CHECK (length(act) = 16),
  severity        INTEGER NOT NULL CHECK (severity >= 0),
  act_date        INTEGER NOT NULL CHECK (act_date BETWEEN 0 AND 99991231),
  decision_date   INTEGER NOT NULL CHECK (decision_date BETWEEN 0 AND 99991231),
  changed_date    INTEGER NOT NULL CHECK (changed_date BETWEEN 0 AND 99991231), -- of the newest decision about it
  restored_date   INTEGER NOT NULL CHECK (restored_date BETWEEN 0 AND 99991231),
  start_date      INTEGER NOT NULL CHECK (start_date BETWEEN 0 AND 99991231),
  repair_date     INTEGER NOT NULL CHECK (repair_date BETWEEN 0 AND 99991231),
  max_date        INTEGER NOT NULL CHECK (max_date BETWEEN 0 AND 99991231),
  end_date        INTEGER NOT NULL CHECK (end_date BETWEEN 0 AND 99991231),
  subject         BLOB NOT NULL CHECK (length(subject) = 16),
  rule_set        BLOB NOT NULL CHECK (length(rule_set) = 32),
  document        BLOB NOT NULL CHECK (length(document) = 32),
  change_document BLOB NOT NULL CHECK (length(change_document) = 32),
  decision_seq    INTEGER NOT NULL CHECK (decision_seq >= 0), -- leaf of the decision of its text
  known_seq       INTEGER NOT NULL CHECK (known_seq >= 0), -- relations as of this size; 0: of the decision
  sealed          BLOB NOT NULL CHECK (length(sealed) <= 98304),
  PRIMARY KEY (id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX sanction_subject ON sanction (subject, id, seq);
CREATE INDEX sanction_act ON sanction (act);
CREATE INDEX sanction_document ON sanction (document);
CREATE INDEX sanction_change ON sanction (change_document);

-- When the clock looks at an order next: its start, the end of a measure, its own end.
CREATE TABLE sanction_clock (
  id      BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  next_ms INTEGER NOT NULL CHECK (next_ms > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX sanction_clock_due ON sanction_clock (next_ms, id);

CREATE TABLE obligation (
  seq             INTEGER PRIMARY KEY CHECK (seq >= 0),
  id              BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  order_id        BLOB NOT NULL CHECK (length(order_id) = 16),
  order_version   INTEGER NOT NULL CHECK (order_version > 0),
  measure         TEXT NOT NULL CHECK (length(measure) BETWEEN 1 AND 8),
  member          TEXT NOT NULL CHECK (length(member) <= 40),
  subject         BLOB NOT NULL CHECK (length(subject) = 16),
  subject_index   INTEGER NOT NULL CHECK (subject_index >= 0),
  force           INTEGER NOT NULL CHECK (force >= 0),
  rule            TEXT NOT NULL CHECK (length(rule) <= 32),
  basis           TEXT NOT NULL CHECK (length(basis) <= 512),
  start_date      INTEGER NOT NULL CHECK (start_date BETWEEN 0 AND 99991231),
  end_date        INTEGER NOT NULL CHECK (end_date BETWEEN 0 AND 99991231),
  episode         INTEGER NOT NULL CHECK (episode >= 0),
  state           INTEGER NOT NULL CHECK (state BETWEEN 1 AND 8),
  cause           INTEGER NOT NULL CHECK (cause >= 0),
  department      INTEGER NOT NULL CHECK (department BETWEEN 0 AND 31), -- that nobody holds; 0 when owed
  begun_ms        INTEGER NOT NULL CHECK (begun_ms >= 0), -- its terms run from here
  answer_due_ms   INTEGER NOT NULL CHECK (answer_due_ms >= 0),
  execute_due_ms  INTEGER NOT NULL CHECK (execute_due_ms >= 0),
  ended_ms        INTEGER NOT NULL CHECK (ended_ms >= 0), -- LIFT_DUE or CANCELLED since
  lift_due_ms     INTEGER NOT NULL CHECK (lift_due_ms >= 0),
  next_due_ms     INTEGER NOT NULL CHECK (next_due_ms >= 0),
  answer_warned   INTEGER NOT NULL CHECK (answer_warned >= 0),
  warned          INTEGER NOT NULL CHECK (warned >= 0),
  created_ms      INTEGER NOT NULL CHECK (created_ms >= 0),
  changed_ms      INTEGER NOT NULL CHECK (changed_ms >= 0),
  notice_seq      INTEGER NOT NULL CHECK (notice_seq >= 0),
  notice_id       BLOB NOT NULL CHECK (length(notice_id) = 16),
  sealed          BLOB NOT NULL CHECK (length(sealed) <= 1280)
) STRICT;
CREATE INDEX obligation_unassigned ON obligation (state) WHERE member = '';
CREATE INDEX obligation_order ON obligation (order_id, seq);
CREATE INDEX obligation_due ON obligation (next_due_ms, seq) WHERE next_due_ms > 0;

-- Obligations that are still to be aligned with a state of an order (its row of that seq).
CREATE TABLE expansion (
  seq           INTEGER PRIMARY KEY CHECK (seq >= 0),
  order_id      BLOB NOT NULL CHECK (length(order_id) = 16),
  time_ms       INTEGER NOT NULL CHECK (time_ms >= 0),
  walked        INTEGER NOT NULL CHECK (walked >= 0),
  duty          INTEGER NOT NULL CHECK (duty >= 0),
  last_member   TEXT NOT NULL CHECK (length(last_member) <= 40),
  done          INTEGER NOT NULL CHECK (done IN (0, 1))
) STRICT;
CREATE INDEX expansion_pending ON expansion (seq) WHERE done = 0;

-- Revocations and key records in the order in which they were applied.
CREATE TABLE amended (
  position   INTEGER PRIMARY KEY,
  hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  applied_ms INTEGER NOT NULL CHECK (applied_ms >= 0),
  leaf       INTEGER NOT NULL CHECK (leaf >= 0),
  lsd1       BLOB NOT NULL CHECK (length(lsd1) BETWEEN 1 AND 2048)
) STRICT;

-- Members that were ever in the registry, and how far the orders in force were looked at for each.
CREATE TABLE enrolment (
  member   TEXT PRIMARY KEY NOT NULL CHECK (length(member) BETWEEN 1 AND 40),
  order_id BLOB NOT NULL CHECK (length(order_id) = 16),
  done     INTEGER NOT NULL CHECK (done IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_pending ON enrolment (member) WHERE done = 0;

-- Messages that were refused because of an order; due: it is annulled, their senders are told.
CREATE TABLE refusal (
  order_id BLOB NOT NULL CHECK (length(order_id) = 16),
  env_id   BLOB NOT NULL CHECK (length(env_id) = 32),
  member   TEXT NOT NULL CHECK (length(member) BETWEEN 1 AND 40),
  due      INTEGER NOT NULL CHECK (due IN (0, 1)),
  PRIMARY KEY (order_id, env_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX refusal_due ON refusal (order_id, env_id) WHERE due = 1;

-- What somebody asked for and somebody else must answer: repair, objection, evidence, a lift that is due.
CREATE TABLE request (
  seq           INTEGER PRIMARY KEY CHECK (seq >= 0),
  kind          INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
  document      BLOB NOT NULL UNIQUE CHECK (length(document) = 16),
  order_id      BLOB NOT NULL CHECK (length(order_id) = 16),
  obligation_id BLOB NOT NULL CHECK (length(obligation_id) = 16),
  asker         TEXT NOT NULL CHECK (length(asker) BETWEEN 1 AND 40),
  owner         TEXT NOT NULL CHECK (length(owner) BETWEEN 1 AND 40),
  clock         TEXT NOT NULL CHECK (length(clock) <= 32),
  shown         INTEGER NOT NULL CHECK (shown IN (0, 1)),
  outcome       INTEGER NOT NULL CHECK (outcome BETWEEN 0 AND 9),
  answer        BLOB NOT NULL CHECK (length(answer) = 16),
  opened_ms     INTEGER NOT NULL CHECK (opened_ms >= 0),
  due_ms        INTEGER NOT NULL CHECK (due_ms >= 0),
  closed_ms     INTEGER NOT NULL CHECK (closed_ms >= 0),
  warned        INTEGER NOT NULL CHECK (warned >= 0),
  next_ms       INTEGER NOT NULL CHECK (next_ms >= 0),
  stage         INTEGER NOT NULL CHECK (stage BETWEEN 0 AND 2),
  late          INTEGER NOT NULL CHECK (late IN (0, 1)),
  begun_ms      INTEGER NOT NULL CHECK (begun_ms >= 0),
  receiver      TEXT NOT NULL CHECK (length(receiver) <= 40),
  received_ms   INTEGER NOT NULL CHECK (received_ms >= 0)
) STRICT;
CREATE INDEX request_order ON request (order_id, seq);
CREATE INDEX request_due ON request (next_ms, seq) WHERE next_ms > 0;

-- A restriction is the set of its live justifications (ended_seq = 2^63 - 1).
CREATE TABLE justification (
  row           INTEGER PRIMARY KEY,
  subject       BLOB NOT NULL CHECK (length(subject) = 16),
  measure       TEXT NOT NULL CHECK (length(measure) BETWEEN 1 AND 8),
  scope         TEXT NOT NULL CHECK (length(scope) = 6),
  order_id      BLOB NOT NULL CHECK (length(order_id) = 16),
  order_version INTEGER NOT NULL CHECK (order_version > 0),
  subject_index INTEGER NOT NULL CHECK (subject_index >= 0),
  rule          TEXT NOT NULL CHECK (length(rule) <= 32),
  force         INTEGER NOT NULL CHECK (force >= 0),
  basis         TEXT NOT NULL CHECK (length(basis) <= 512),
  list          TEXT NOT NULL CHECK (length(list) <= 32),
  start_date    INTEGER NOT NULL CHECK (start_date BETWEEN 0 AND 99991231),
  end_date      INTEGER NOT NULL CHECK (end_date BETWEEN 0 AND 99991231),
  begun_seq     INTEGER NOT NULL CHECK (begun_seq >= 0),
  ended_seq     INTEGER NOT NULL CHECK (ended_seq >= begun_seq)
) STRICT;
CREATE INDEX justification_subject ON justification (subject, measure, row);
CREATE INDEX justification_ended ON justification (ended_seq, row) WHERE ended_seq < 9223372036854775807;
CREATE UNIQUE INDEX justification_live ON justification (order_id, subject, measure, scope, rule, force)
  WHERE ended_seq = 9223372036854775807;

-- What lives against a subject now, packed (hub/store/restricted.h); head: of its token.
CREATE TABLE restricted (
  head   INTEGER PRIMARY KEY CHECK (head >= 0),
  packed BLOB NOT NULL CHECK (length(packed) <= 32768)
) STRICT;

-- How far each member's local mirror of restrictions has been told (hub/store/mirror.h).
CREATE TABLE mirror (
  member     TEXT NOT NULL CHECK (length(member) BETWEEN 1 AND 40),
  adapter    BLOB NOT NULL CHECK (length(adapter) = 8),
  head       BLOB NOT NULL CHECK (length(head) = 32),
  concern    BLOB NOT NULL CHECK (length(concern) = 32),
  generation INTEGER NOT NULL CHECK (generation > 0),
  phase      INTEGER NOT NULL CHECK (phase BETWEEN 0 AND 3),
  size       INTEGER NOT NULL CHECK (size >= 0),
  seen       INTEGER NOT NULL CHECK (seen >= size),
  target     INTEGER NOT NULL CHECK (target >= 0),
  cursor_seq INTEGER NOT NULL CHECK (cursor_seq >= 0),
  cursor_row INTEGER NOT NULL CHECK (cursor_row >= 0),
  last_row   INTEGER NOT NULL CHECK (last_row >= 0),
  page       INTEGER NOT NULL CHECK (page >= 0),
  count      INTEGER NOT NULL CHECK (count >= 0),
  first      INTEGER NOT NULL CHECK (first >= 0),
  told       INTEGER NOT NULL CHECK (told >= 0),
  unnamed    INTEGER NOT NULL CHECK (unnamed >= 0),
  as_of_ms   INTEGER NOT NULL CHECK (as_of_ms >= 0),
  sent_ms    INTEGER NOT NULL CHECK (sent_ms >= 0),
  waiting    INTEGER NOT NULL CHECK (waiting >= 0),
  open       INTEGER NOT NULL CHECK (open IN (0, 1)),
  urgent     INTEGER NOT NULL CHECK (urgent IN (0, 1)),
  broken     INTEGER NOT NULL CHECK (broken IN (0, 1)),
  version    INTEGER NOT NULL CHECK (version >= 0),
  PRIMARY KEY (member, adapter)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
  issuer TEXT NOT NULL CHECK (length(issuer) BETWEEN 1 AND 40),
  id     BLOB NOT NULL CHECK (length(id) = 16),
  hash   BLOB NOT NULL CHECK (length(hash) = 32),
  seq    INTEGER NOT NULL CHECK (seq >= 0),
  PRIMARY KEY (issuer, id)
) STRICT, WITHOUT ROWID;

-- Documents whose facts go to every hub: known here, by SHA-256(D). Their texts stand apart, so that
-- a look through the hashes is short.
CREATE TABLE roll (
  hash        BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),
  seq         INTEGER NOT NULL UNIQUE CHECK (seq >= 0),
  type        INTEGER NOT NULL CHECK (type > 0),
  urgent      INTEGER NOT NULL CHECK (urgent IN (0, 1)), -- lane repair
  issuer      TEXT NOT NULL CHECK (length(issuer) BETWEEN 1 AND 40),
  about       BLOB NOT NULL CHECK (length(about) = 16), -- order id; zeros: of no order
  version     INTEGER NOT NULL CHECK (version >= 0),
  accepted_ms INTEGER NOT NULL CHECK (accepted_ms >= 0), -- by the first hub
  stands      INTEGER NOT NULL CHECK (stands BETWEEN 1 AND 4),
  code        INTEGER NOT NULL CHECK (code BETWEEN 0 AND 999),
  hops        TEXT NOT NULL CHECK (length(hops) <= 328) -- hubs it came by, divided by spaces; '': it began here
) STRICT, WITHOUT ROWID;
CREATE INDEX roll_way ON roll (urgent, seq);
CREATE INDEX roll_version ON roll (about, version, hash) WHERE version > 0;
CREATE TABLE roll_text (
  seq    INTEGER PRIMARY KEY CHECK (seq >= 0),
  sealed BLOB NOT NULL CHECK (length(sealed) <= 98304)
) STRICT;
-- Orders for one act by rank: list, subject and act as a hash over their handles.
CREATE TABLE twin (
  order_id    BLOB PRIMARY KEY NOT NULL CHECK (length(order_id) = 16),
  act         BLOB NOT NULL CHECK (length(act) = 16),
  level       INTEGER NOT NULL CHECK (level BETWEEN 0 AND 4),
  accepted_ms INTEGER NOT NULL CHECK (accepted_ms >= 0),
  hash        BLOB NOT NULL CHECK (length(hash) = 32), -- of its first document
  clock_ms    INTEGER NOT NULL CHECK (clock_ms >= 0), -- when the clock ends it
  to_ms       INTEGER NOT NULL CHECK (to_ms >= 0), -- when it is over
  annulled_ms INTEGER NOT NULL CHECK (annulled_ms >= 0), -- by a court or superior
  state       INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
  lost_to     BLOB NOT NULL CHECK (length(lost_to) = 32) -- zeros: to none
) STRICT, WITHOUT ROWID;
CREATE INDEX twin_rank ON twin (act, level, accepted_ms, hash);
-- How far each link has been told of it, and when its roll was the same as ours.
CREATE TABLE roll_link (
  member   TEXT PRIMARY KEY NOT NULL CHECK (length(member) BETWEEN 1 AND 40),
  urgent   INTEGER NOT NULL CHECK (urgent >= 0),
  normal   INTEGER NOT NULL CHECK (normal >= 0),
  equal_ms INTEGER NOT NULL CHECK (equal_ms >= 0),
  known_ms INTEGER NOT NULL CHECK (known_ms >= 0) -- what both knew then, as the superior says
) STRICT, WITHOUT ROWID;
-- How far orders issued here are at other hubs, as each says of its own members.
CREATE TABLE tally (
  order_id   BLOB NOT NULL CHECK (length(order_id) = 16),
  hub        TEXT NOT NULL CHECK (length(hub) BETWEEN 1 AND 40),
  seq        INTEGER NOT NULL CHECK (seq >= 0), -- log leaf of the message that said so
  at_ms      INTEGER NOT NULL CHECK (at_ms >= 0),
  version    INTEGER NOT NULL CHECK (version >= 0),
  state      INTEGER NOT NULL CHECK (state BETWEEN 0 AND 6),
  created    INTEGER NOT NULL CHECK (created >= 0),
  delivered  INTEGER NOT NULL CHECK (delivered >= 0),
  accepted   INTEGER NOT NULL CHECK (accepted >= 0),
  declined   INTEGER NOT NULL CHECK (declined >= 0),
  executed   INTEGER NOT NULL CHECK (executed >= 0),
  cancelled  INTEGER NOT NULL CHECK (cancelled >= 0),
  lift_due   INTEGER NOT NULL CHECK (lift_due >= 0),
  lifted     INTEGER NOT NULL CHECK (lifted >= 0),
  unassigned INTEGER NOT NULL CHECK (unassigned >= 0),
  overdue    INTEGER NOT NULL CHECK (overdue >= 0),
  PRIMARY KEY (order_id, hub)
) STRICT, WITHOUT ROWID;
-- Orders issued elsewhere whose numbers here are to be told to that hub.
CREATE TABLE tally_due (
  hub      TEXT NOT NULL CHECK (length(hub) BETWEEN 1 AND 40),
  order_id BLOB NOT NULL CHECK (length(order_id) = 16),
  due_ms   INTEGER NOT NULL CHECK (due_ms >= 0),
  PRIMARY KEY (hub, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tally_due_when ON tally_due (due_ms);
-- What a link was found to lack.
CREATE TABLE roll_owed (
  member TEXT NOT NULL CHECK (length(member) BETWEEN 1 AND 40),
  seq    INTEGER NOT NULL CHECK (seq >= 0),
  PRIMARY KEY (member, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE decision (
  seq         INTEGER PRIMARY KEY CHECK (seq >= 0),
  document    BLOB NOT NULL CHECK (length(document) = 32),
  env_id      BLOB NOT NULL CHECK (length(env_id) = 32),
  message_seq INTEGER CHECK (message_seq >= 0),
  type        INTEGER NOT NULL CHECK (type >= 0),
  time_ms     INTEGER NOT NULL CHECK (time_ms >= 0),
  code        INTEGER NOT NULL CHECK (code BETWEEN 0 AND 999),
  record      BLOB NOT NULL CHECK (length(record) <= 65536),
  facts       BLOB NOT NULL CHECK (length(facts) <= 98304) -- sealed: what was judged; empty: kept with the order
) STRICT;
CREATE INDEX decision_document ON decision (document);
CREATE INDEX decision_message ON decision (message_seq) WHERE message_seq IS NOT NULL;
-- Records on which no order rests, those of a commit together (hub/store/decision_pack.h).
CREATE TABLE decision_pack (
  last    INTEGER PRIMARY KEY CHECK (last >= 0), -- seq of its last record
  time_ms INTEGER NOT NULL CHECK (time_ms >= 0), -- of its last record
  heads   BLOB NOT NULL CHECK (length(heads) BETWEEN 1 AND 1048576),
  bodies  BLOB NOT NULL CHECK (length(bodies) <= 1048576)
) STRICT;

-- Who knows a reporter, and who has asked.
CREATE TABLE reporter (
  pseudonym BLOB PRIMARY KEY NOT NULL CHECK (length(pseudonym) = 16),
  holder    TEXT NOT NULL CHECK (length(holder) BETWEEN 1 AND 40),
  seq       INTEGER NOT NULL CHECK (seq >= 0)
) STRICT, WITHOUT ROWID;
CREATE TABLE reporter_ask (
  asker      TEXT NOT NULL CHECK (length(asker) BETWEEN 1 AND 40),
  message_id BLOB NOT NULL CHECK (length(message_id) = 16),
  pseudonym  BLOB NOT NULL REFERENCES reporter (pseudonym),
  told_seq   INTEGER NOT NULL CHECK (told_seq >= 0),
  PRIMARY KEY (asker, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE casefile (
  id         BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  type       INTEGER NOT NULL CHECK (type >= 0),
  state      TEXT NOT NULL CHECK (length(state) <= 32),
  owner      TEXT NOT NULL CHECK (length(owner) <= 40),
  opener     TEXT NOT NULL CHECK (length(opener) <= 40),
  opened_ms  INTEGER NOT NULL CHECK (opened_ms >= 0),
  changed_ms INTEGER NOT NULL CHECK (changed_ms >= 0),
  steps      INTEGER NOT NULL CHECK (steps >= 0),
  closed     INTEGER NOT NULL CHECK (closed IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE case_step (
  id         BLOB NOT NULL REFERENCES casefile (id),
  number     INTEGER NOT NULL CHECK (number >= 1),
  seq        INTEGER NOT NULL CHECK (seq >= 0),
  type       INTEGER NOT NULL CHECK (type >= 0),
  transition TEXT NOT NULL CHECK (length(transition) <= 32),
  outcome    TEXT NOT NULL CHECK (length(outcome) <= 32),
  state      TEXT NOT NULL CHECK (length(state) <= 32),
  owner      TEXT NOT NULL CHECK (length(owner) <= 40),
  by         TEXT NOT NULL CHECK (length(by) <= 40),
  time_ms    INTEGER NOT NULL CHECK (time_ms >= 0),
  taken_ms   INTEGER NOT NULL CHECK (taken_ms >= 0),
  papers     TEXT NOT NULL CHECK (length(papers) <= 32),
  message_id BLOB NOT NULL CHECK (length(message_id) = 16),
  document   BLOB NOT NULL CHECK (length(document) = 32),
  code       INTEGER NOT NULL CHECK (code >= 0),
  lost       INTEGER NOT NULL CHECK (lost IN (0, 1)),
  PRIMARY KEY (id, number, document)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX case_step_stands ON case_step (id, number) WHERE lost = 0;
CREATE INDEX case_step_seq ON case_step (seq);

-- Of a step: whom it went to, and the files that went with it.
CREATE TABLE case_holder (
  id     BLOB NOT NULL REFERENCES casefile (id),
  seq    INTEGER NOT NULL CHECK (seq >= 0),
  member TEXT NOT NULL CHECK (length(member) BETWEEN 1 AND 40),
  PRIMARY KEY (id, seq, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE case_item (
  id         BLOB NOT NULL REFERENCES casefile (id),
  seq        INTEGER NOT NULL CHECK (seq >= 0),
  root       BLOB NOT NULL CHECK (length(root) = 32),
  byte_count INTEGER NOT NULL CHECK (byte_count >= 0),
  PRIMARY KEY (id, seq, root)
) STRICT, WITHOUT ROWID;

-- What a hub that joins the case is given of a step: its document, when it was taken, whom it went to, with which files.
CREATE TABLE case_paper (
  id       BLOB NOT NULL REFERENCES casefile (id),
  number   INTEGER NOT NULL CHECK (number >= 1),
  document BLOB NOT NULL CHECK (length(document) = 32),
  sealed   BLOB NOT NULL CHECK (length(sealed) <= 98304),
  PRIMARY KEY (id, number, document)
) STRICT;

CREATE TABLE case_clock (
  id           BLOB NOT NULL REFERENCES casefile (id),
  code         TEXT NOT NULL CHECK (length(code) BETWEEN 1 AND 32),
  started_ms   INTEGER NOT NULL CHECK (started_ms >= 0),
  owner        TEXT NOT NULL CHECK (length(owner) <= 40),
  waits        TEXT NOT NULL CHECK (length(waits) <= 327),
  due_ms       INTEGER NOT NULL CHECK (due_ms >= 0),
  term         TEXT NOT NULL CHECK (length(term) <= 31),
  counted_ms   INTEGER NOT NULL CHECK (counted_ms >= 0),
  stopped_ms   INTEGER NOT NULL CHECK (stopped_ms >= 0),
  suspended_ms INTEGER NOT NULL CHECK (suspended_ms >= 0),
  warned       INTEGER NOT NULL CHECK (warned >= 0),
  next_ms      INTEGER NOT NULL CHECK (next_ms >= 0),
  PRIMARY KEY (id, code, started_ms)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX case_clock_running ON case_clock (id, code) WHERE stopped_ms = 0;
CREATE INDEX case_clock_due ON case_clock (next_ms) WHERE stopped_ms = 0 AND next_ms > 0;
