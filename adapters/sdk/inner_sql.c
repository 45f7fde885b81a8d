#include "adapters/sdk/inner_sql.h"

/* States are those of enum sdk_state (outbox) and of the table's comment (inbox). */
const char *const sql_text[SQL_COUNT] = {
    [SQL_VALUE] = "SELECT value FROM sdk_value WHERE name = ?1",
    [SQL_VALUE_SET] = "INSERT INTO sdk_value (name, value) VALUES (?1, ?2)"
                      " ON CONFLICT (name) DO UPDATE SET value = excluded.value",

    /* ---- outbox ---- */
    [SQL_OUTBOX_BY_KEY] =
        "SELECT o.content, o.message_id, o.env_id, coalesce(nullif(o.state, 0), l.state, 0),"
        " o.id, o.type, o.destinations, coalesce(o.told, o.message_id) FROM outbox o"
        " LEFT JOIN outbox_live l ON l.id = o.id"
        " WHERE o.key = ?1 AND o.part >= ?2 ORDER BY o.part LIMIT 1",
    [SQL_OUTBOX_BY_MESSAGE] = "SELECT o.id, o.env_id, o.key, o.type, o.destination_count,"
                              " coalesce(nullif(o.state, 0), l.state, 0), o.files, o.destinations,"
                              " coalesce(o.told, o.message_id) FROM outbox o"
                              " LEFT JOIN outbox_live l ON l.id = o.id WHERE o.message_id = ?1",
    [SQL_OUTBOX_DESTINATIONS] = "SELECT destinations FROM outbox WHERE id = ?1",
    [SQL_OUTBOX_PUT] = "INSERT INTO outbox (id, key, part, content, message_id, env_id, type,"
                       " destinations, destination_count, files, state, final_ms)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0)",
    [SQL_OUTBOX_KEY_OF] = "SELECT key FROM outbox WHERE message_id = ?1"
                          " UNION ALL SELECT key FROM outbox WHERE told = ?1 LIMIT 1",
    [SQL_OUTBOX_REPLACE] = "UPDATE outbox SET id = ?2, told = coalesce(told, message_id),"
                           " message_id = ?3, env_id = ?4 WHERE id = ?1",
    [SQL_LIVE_REPLACE] = "UPDATE outbox_live SET id = ?2, message_id = ?3, state = 0 WHERE id = ?1",
    [SQL_LIVE_AFTER] = "SELECT 1 FROM outbox_live WHERE after = ?1 LIMIT 1",
    [SQL_FILE_MOVE] = "UPDATE outbox_file SET outbox_id = ?2 WHERE outbox_id = ?1",
    [SQL_OUTBOX_FINAL] = "UPDATE outbox SET state = ?2, final_ms = ?3 WHERE id = ?1",
    /* A row that was forgotten leaves its number to its pack. */
    [SQL_OUTBOX_LAST] = "SELECT max((SELECT coalesce(max(id), 0) FROM outbox),"
                        " (SELECT coalesce(max(last), 0) FROM (SELECT last FROM outbox_pack"
                        " ORDER BY first DESC LIMIT 1)))",
    [SQL_LIVE_PUT] = "INSERT INTO outbox_live (id, message_id, state, urgent, after, expires_ms)"
                     " VALUES (?1, ?2, 0, ?3, ?4, ?5)",
    [SQL_LIVE_STATE] = "UPDATE outbox_live SET state = ?2 WHERE id = ?1",
    [SQL_LIVE_DROP] = "DELETE FROM outbox_live WHERE id = ?1",
    [SQL_LIVE_NEXT] = "SELECT id, message_id FROM outbox_live WHERE state = 0 AND urgent = 0"
                      " AND id > ?1 ORDER BY id LIMIT ?2",
    [SQL_LIVE_URGENT] = "SELECT l.id, l.message_id FROM outbox_live l WHERE l.urgent = 1"
                        " AND l.state = 0 AND l.id > ?1 AND NOT EXISTS (SELECT 1 FROM outbox_live b"
                        " WHERE b.id = l.after AND b.state = 0) ORDER BY l.id LIMIT ?2",
    [SQL_LIVE_UNFINISHED] = "SELECT message_id, id FROM outbox_live WHERE state IN (2, 3)"
                            " AND id > ?1 ORDER BY id LIMIT 256",
    [SQL_LIVE_OPEN] = "SELECT id FROM outbox_live WHERE state IN (2, 3) AND id > ?1"
                      " ORDER BY id LIMIT 1",
    [SQL_LIVE_LAPSED] = "SELECT message_id, id FROM outbox_live WHERE state = 0"
                        " AND expires_ms <= ?1 AND id > ?2 ORDER BY id LIMIT 1",
    [SQL_LIVE_COUNT] = "SELECT count(*) FROM outbox_live WHERE state = ?1",
    [SQL_LIVE_BETWEEN] = "SELECT 1 FROM outbox_live WHERE id BETWEEN ?1 AND ?2"
                         " UNION ALL SELECT 1 FROM outbox_kept WHERE id BETWEEN ?1 AND ?2 LIMIT 1",
    [SQL_KEPT_PUT] = "INSERT OR REPLACE INTO outbox_kept (id, message_id, until_ms)"
                     " VALUES (?1, ?2, ?3)",
    [SQL_KEPT_FIRST] = "SELECT id, until_ms FROM outbox_kept ORDER BY id LIMIT 1",
    [SQL_KEPT_DROP] = "DELETE FROM outbox_kept WHERE id = ?1",
    [SQL_KEPT_AGAIN] = "INSERT OR IGNORE INTO outbox_live (id, message_id, state, urgent, after,"
                       " expires_ms) SELECT id, message_id, 2, 0, 0, until_ms FROM outbox_kept",
    [SQL_SENT_PUT] = "INSERT INTO outbox_pack (first, last, time_ms, keys, frames)"
                     " VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_SENT_OF] = "SELECT first, last, frames FROM outbox_pack WHERE first <= ?1"
                    " ORDER BY first DESC LIMIT 1",
    [SQL_SENT_KEYS] = "SELECT first, last, keys FROM outbox_pack WHERE first <= ?1"
                      " ORDER BY first DESC LIMIT 1",
    [SQL_SENT_DROP] = "DELETE FROM outbox_pack WHERE first = ?1",
    [SQL_PAST_PUT] = "INSERT INTO outbox_past (id, message_id, env_id)"
                     " SELECT id, message_id, env_id FROM outbox WHERE id = ?1",
    [SQL_PAST_DROP] = "DELETE FROM outbox_past WHERE id BETWEEN ?1 AND ?2",
    [SQL_APPLIED_PUT] = "INSERT INTO inbox_pack (first, last, time_ms, keys, frames)"
                        " VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_APPLIED_DROP] = "DELETE FROM inbox_pack WHERE first = ?1",
    [SQL_RECEIPT_PUT] = "INSERT OR IGNORE INTO outbox_receipt (outbox_id, kind, by, about, again,"
                        " code, time_ms, proof, place)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    /* Which destinations are done: by the member itself, or by the hub about it. */
    [SQL_RECEIPT_FINALS] =
        "SELECT count(DISTINCT CASE WHEN kind IN (5, 6, 7, 8) THEN by ELSE about END)"
        " FROM outbox_receipt WHERE outbox_id = ?1"
        " AND (kind IN (5, 6, 7, 8) OR (kind IN (9, 11, 12) AND about <> ''))",
    [SQL_RECEIPT_RELEASED] = "SELECT 1 FROM outbox_receipt WHERE outbox_id = ?1 AND kind = 4"
                             " AND time_ms >= ?2",
    [SQL_RECEIPT_OPENED] = "SELECT count(DISTINCT by) FROM outbox_receipt WHERE outbox_id = ?1"
                           " AND kind IN (6, 7)",
    [SQL_PROOF_PUT] = "INSERT INTO outbox_proof (id, time_ms, frame) VALUES (?1, ?2, ?3)",
    [SQL_PROOF_LAST] = "SELECT coalesce(max(id), 0) FROM outbox_proof",
    [SQL_FILE_PUT] = "INSERT OR IGNORE INTO outbox_file (root, outbox_id) VALUES (?1, ?2)",
    [SQL_FILE_DROP] = "DELETE FROM outbox_file WHERE outbox_id = ?1",
    [SQL_FILE_OF] = "SELECT root FROM outbox_file WHERE outbox_id = ?1",
    [SQL_FILE_KNOWN] = "SELECT 1 FROM outbox_file WHERE root = ?1",
    [SQL_KEY_GET] = "SELECT root, key FROM outbox_key WHERE token = ?1",
    [SQL_KEY_PUT] = "INSERT INTO outbox_key (token, root, key, used_ms) VALUES (?1, ?2, ?3, ?4)"
                    " ON CONFLICT (token) DO UPDATE SET used_ms = excluded.used_ms",
    [SQL_KEY_TRIM] = "DELETE FROM outbox_key WHERE token IN"
                     " (SELECT token FROM outbox_key WHERE used_ms < ?1 LIMIT 16)",
    [SQL_CONVERSATION] = "SELECT sent, received FROM sdk_conversation WHERE id = ?1",
    [SQL_CONVERSATION_SENT] = "INSERT INTO sdk_conversation (id, sent, received) VALUES (?1, 1, 0)"
                              " ON CONFLICT (id) DO UPDATE SET sent = sent + 1 RETURNING sent",
    [SQL_CONVERSATION_RECEIVED] =
        "INSERT INTO sdk_conversation (id, sent, received) VALUES (?1, 0, ?2)"
        " ON CONFLICT (id) DO UPDATE SET received = excluded.received",

    /* ---- inbox ---- */
    [SQL_INBOX_FIND] = "SELECT id, env_id, state FROM inbox WHERE message_id = ?1 AND sender = ?2",
    [SQL_INBOX_PUT] = "INSERT INTO inbox (id, message_id, sender, env_id, type, conversation,"
                      " number, state, code, inner_code, time_ms)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [SQL_INBOX_LAST] = "SELECT max((SELECT coalesce(max(id), 0) FROM inbox),"
                       " (SELECT coalesce(max(last), 0) FROM (SELECT last FROM inbox_pack"
                       " ORDER BY first DESC LIMIT 1)))",
    [SQL_INBOX_STATE] = "UPDATE inbox SET state = ?2, code = ?3, inner_code = ?4, time_ms = ?5"
                        " WHERE id = ?1",
    [SQL_INBOX_ROW] = "SELECT sender, message_id, env_id, state, code, time_ms FROM inbox"
                      " WHERE id = ?1",
    [SQL_WAIT_PUT] = "INSERT INTO inbox_wait (inbox_id, frame, statement) VALUES (?1, ?2, ?3)",
    [SQL_WAIT_LOAD] = "SELECT statement, frame FROM inbox_wait WHERE inbox_id = ?1",
    [SQL_WAIT_DROP] = "DELETE FROM inbox_wait WHERE inbox_id = ?1",
    [SQL_INBOX_WAITING] = "SELECT id, state FROM inbox WHERE conversation = ?1 AND number = ?2"
                          " AND state IN (1, 2)",
    [SQL_INBOX_BY_MESSAGE] = "SELECT id, sender, env_id, state, time_ms, type FROM inbox"
                             " WHERE message_id = ?1 AND env_id = ?2",
    [SQL_INBOX_COUNT] = "SELECT count(*) FROM inbox WHERE state IN (1, 2)",
    /* An unordered message is a conversation of its own. */
    [SQL_INBOX_STUCK] = "SELECT id, conversation, number, message_id, time_ms FROM inbox"
                        " WHERE state = 1 AND id > ?1 ORDER BY id LIMIT 1",
    [SQL_INBOX_LOWEST] = "SELECT min(number) FROM inbox WHERE conversation = ?1"
                         " AND state IN (1, 2, 6)",
    [SQL_WITHDRAWN_PUT] = "INSERT OR IGNORE INTO inbox_withdrawn (message_id, sender, env_id,"
                          " time_ms) VALUES (?1, ?2, ?3, ?4)",
    [SQL_WITHDRAWN_FIND] = "SELECT env_id FROM inbox_withdrawn WHERE message_id = ?1"
                           " AND sender = ?2",
    [SQL_WITHDRAWN_ANY] = "SELECT 1 FROM inbox_withdrawn LIMIT 1",
    [SQL_GAP_PUT] = "INSERT INTO inbox_gap (conversation, number, last) VALUES (?1, ?2, ?3)"
                    " ON CONFLICT (conversation, number) DO UPDATE"
                    " SET last = max(last, excluded.last)",
    [SQL_GAP_FIND] = "SELECT max(last) FROM inbox_gap WHERE conversation = ?1 AND number <= ?2",
    [SQL_GAP_DROP] = "DELETE FROM inbox_gap WHERE conversation = ?1 AND last <= ?2",
    [SQL_FETCH_PUT] = "INSERT OR IGNORE INTO inbox_file (inbox_id, root, chunk_count, done)"
                      " VALUES (?1, ?2, ?3, 0)",
    [SQL_FETCH_NEXT] = "SELECT f.root, f.chunk_count, i.message_id FROM inbox_file f"
                       " JOIN inbox i ON i.id = f.inbox_id WHERE f.done = 0"
                       " ORDER BY f.inbox_id LIMIT 1",
    [SQL_FETCH_OF] = "SELECT inbox_id FROM inbox_file WHERE root = ?1 AND done = 0"
                     " ORDER BY inbox_id LIMIT 1",
    [SQL_FETCH_DONE] = "UPDATE inbox_file SET done = 1 WHERE root = ?1",
    [SQL_FETCH_UNDO] = "UPDATE inbox_file SET done = 0 WHERE root = ?1",
    [SQL_FETCH_OPEN_OF] = "SELECT count(*) FROM inbox_file WHERE inbox_id = ?1 AND done = 0",
    [SQL_FETCH_WAITERS] = "SELECT i.id, i.conversation, i.number, i.message_id FROM inbox_file f"
                          " JOIN inbox i ON i.id = f.inbox_id"
                          " WHERE f.root = ?1 AND i.state = 2 AND i.id > ?2 ORDER BY i.id LIMIT 1",
    [SQL_FETCH_KNOWN] = "SELECT 1 FROM inbox_file f JOIN inbox i ON i.id = f.inbox_id"
                        " WHERE f.root = ?1 AND i.state IN (1, 2)",
    [SQL_MARK_PUT] = "INSERT OR IGNORE INTO inbox_mark (inbox_id, kind, time_ms, reference)"
                     " VALUES (?1, ?2, ?3, ?4)",
    [SQL_MARKS_OF] = "SELECT kind, time_ms, reference FROM inbox_mark WHERE inbox_id = ?1"
                     " AND kind > ?2 ORDER BY kind LIMIT 1",
    [SQL_OWED_PUT] = "INSERT INTO inbox_owed (id, count, entries) VALUES (?1, ?2, ?3)",
    [SQL_OWED_LAST] = "SELECT coalesce(max(id), 0) FROM inbox_owed",
    [SQL_OWED_NEXT] = "SELECT id, count, entries FROM inbox_owed WHERE id > ?1"
                      " ORDER BY id LIMIT 1",
    [SQL_OWED_DROP] = "DELETE FROM inbox_owed WHERE id = ?1",
    [SQL_OWED_COUNT] = "SELECT coalesce(sum(count), 0) FROM inbox_owed",

    /* ---- retention ---- */
    [SQL_TRIM_OUTBOX] = "SELECT id, state, final_ms FROM outbox WHERE id > ?1"
                        " ORDER BY id LIMIT 1",
    [SQL_TRIM_RECEIPTS] = "DELETE FROM outbox_receipt WHERE outbox_id = ?1",
    [SQL_TRIM_OUTBOX_DROP] = "DELETE FROM outbox WHERE id = ?1",
    [SQL_TRIM_PROOF] = "DELETE FROM outbox_proof WHERE id IN (SELECT id FROM outbox_proof"
                       " WHERE time_ms < ?1 ORDER BY id LIMIT 64)",
    [SQL_TRIM_INBOX] = "SELECT id, state, time_ms FROM inbox WHERE id > ?1 ORDER BY id LIMIT 1",
    [SQL_TRIM_MARKS] = "DELETE FROM inbox_mark WHERE inbox_id = ?1",
    [SQL_TRIM_FILES] = "DELETE FROM inbox_file WHERE inbox_id = ?1",
    [SQL_TRIM_INBOX_DROP] = "DELETE FROM inbox WHERE id = ?1",
    [SQL_TRIM_WITHDRAWN] = "DELETE FROM inbox_withdrawn WHERE time_ms < ?1",
    [SQL_TRIM_SENT] = "SELECT first, last, time_ms FROM outbox_pack WHERE first > ?1"
                      " ORDER BY first LIMIT 1",
    [SQL_TRIM_APPLIED] = "SELECT first, last, time_ms FROM inbox_pack WHERE first > ?1"
                         " ORDER BY first LIMIT 1",
    [SQL_AMENDED_PUT] =
        "INSERT OR IGNORE INTO amended (hash, applied_ms, lsd1) VALUES (?1, ?2, ?3)",
    [SQL_AMENDED_NEXT] = "SELECT position, applied_ms, lsd1 FROM amended WHERE position > ?1"
                         " ORDER BY position LIMIT 1",
    [SQL_RECORD_PUT] = "INSERT OR REPLACE INTO own_record (number, lsd1) VALUES (?1, ?2)",
    [SQL_RECORD_NEXT] = "SELECT number, lsd1 FROM own_record WHERE number > ?1"
                        " ORDER BY number LIMIT 1",
    [SQL_RECORD_DROP] = "DELETE FROM own_record WHERE number <= ?1",
    [SQL_HELD_NEXT] = "SELECT id, message_id, sender, type, time_ms FROM inbox"
                      " WHERE state = 6 AND id > ?1 ORDER BY id LIMIT 1",
    [SQL_HELD_FIND] = "SELECT id, conversation, number FROM inbox"
                      " WHERE message_id = ?1 AND sender = ?2 AND state = 6",
    [SQL_ACT_PUT] = "INSERT INTO inbox_act (inbox_id, time_ms, lsd1) VALUES (?1, ?2, ?3)",
    [SQL_ACT_OF] = "SELECT time_ms FROM inbox_act WHERE inbox_id = ?1",
};
