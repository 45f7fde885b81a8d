#include "adapters/sdk/inner_sql.h"

/* States are those of enum sdk_state (outbox) and of the table's comment (inbox). */
const char *const sql_text[SQL_COUNT] = {
    [SQL_VALUE] = "SELECT value FROM sdk_value WHERE name = ?1",
    [SQL_VALUE_SET] = "INSERT INTO sdk_value (name, value) VALUES (?1, ?2)"
                      " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [SQL_OUTBOX_BY_KEY] = "SELECT content, message_id, env_id, state FROM outbox WHERE key = ?1",
    [SQL_OUTBOX_BY_MESSAGE] = "SELECT id, env_id, key, type, destinations, destination_count, state"
                              " FROM outbox WHERE message_id = ?1",
    [SQL_OUTBOX_PUT] = "INSERT INTO outbox (key, content, message_id, env_id, type, destinations,"
                       " destination_count, expires_ms, state, frame)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9) RETURNING id",
    [SQL_OUTBOX_STATE] = "UPDATE outbox SET state = ?2 WHERE id = ?1",
    [SQL_OUTBOX_FINAL] = "UPDATE outbox SET state = ?2, frame = NULL WHERE id = ?1",
    [SQL_OUTBOX_NEXT] = "SELECT id, message_id FROM outbox WHERE state = 0 AND id > ?1"
                        " ORDER BY id LIMIT 1",
    [SQL_OUTBOX_FRAME] = "SELECT frame, state FROM outbox WHERE id = ?1",
    [SQL_OUTBOX_UNFINISHED] = "SELECT message_id FROM outbox WHERE state IN (2, 3)"
                              " ORDER BY id LIMIT 256",
    [SQL_OUTBOX_OPEN] = "SELECT id, frame FROM outbox WHERE state IN (2, 3) AND id > ?1"
                        " ORDER BY id LIMIT 1",
    [SQL_OUTBOX_LAPSED] = "SELECT message_id, expires_ms FROM outbox WHERE state = 0"
                          " AND expires_ms <= ?1 ORDER BY id LIMIT 1",
    [SQL_OUTBOX_COUNT] = "SELECT count(*) FROM outbox WHERE state = ?1",
    [SQL_RECEIPT_PUT] = "INSERT OR IGNORE INTO outbox_receipt (outbox_id, kind, by, about, code,"
                        " time_ms, q, proof) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    /* Which destinations are done: by the member itself, or by the hub about it. */
    [SQL_RECEIPT_FINALS] =
        "SELECT count(DISTINCT CASE WHEN kind IN (5, 6, 7, 8) THEN by ELSE about END)"
        " FROM outbox_receipt WHERE outbox_id = ?1"
        " AND (kind IN (5, 6, 7, 8) OR (kind IN (9, 11, 12) AND about <> ''))",
    [SQL_FILE_PUT] = "INSERT OR IGNORE INTO outbox_file (root, outbox_id) VALUES (?1, ?2)",
    [SQL_FILE_DROP] = "DELETE FROM outbox_file WHERE outbox_id = ?1",
    [SQL_FILE_OF] = "SELECT root FROM outbox_file WHERE outbox_id = ?1",
    [SQL_FILE_KNOWN] = "SELECT 1 FROM outbox_file WHERE root = ?1",
    [SQL_CONVERSATION] = "SELECT sent, received FROM sdk_conversation WHERE id = ?1",
    [SQL_CONVERSATION_SENT] = "INSERT INTO sdk_conversation (id, sent, received) VALUES (?1, 1, 0)"
                              " ON CONFLICT (id) DO UPDATE SET sent = sent + 1 RETURNING sent",
    [SQL_CONVERSATION_RECEIVED] =
        "INSERT INTO sdk_conversation (id, sent, received) VALUES (?1, 0, ?2)"
        " ON CONFLICT (id) DO UPDATE SET received = excluded.received",
    [SQL_INBOX_FIND] = "SELECT id, env_id, state FROM inbox WHERE sender = ?1 AND message_id = ?2",
    [SQL_INBOX_PUT] = "INSERT INTO inbox (sender, message_id, env_id, type, conversation, number,"
                      " state, code, inner_code, frame, statement)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) RETURNING id",
    [SQL_INBOX_STATE] = "UPDATE inbox SET state = ?2, code = ?3, inner_code = ?4,"
                        " frame = CASE WHEN ?2 >= 3 THEN NULL ELSE frame END,"
                        " statement = CASE WHEN ?2 >= 3 THEN NULL ELSE statement END WHERE id = ?1",
    [SQL_INBOX_WAITING] = "SELECT id, state FROM inbox WHERE conversation = ?1 AND number = ?2"
                          " AND state IN (1, 2)",
    [SQL_INBOX_LOAD] = "SELECT statement, frame FROM inbox WHERE id = ?1",
    [SQL_INBOX_BY_ENV] = "SELECT id, sender, message_id, state FROM inbox WHERE env_id = ?1",
    [SQL_INBOX_COUNT] = "SELECT count(*) FROM inbox WHERE state = ?1",
    /* An unordered message is a conversation of its own. */
    [SQL_INBOX_ORDERED] = "SELECT conversation = message_id FROM inbox WHERE id = ?1",
    [SQL_INBOX_STUCK] = "SELECT id, conversation, number FROM inbox WHERE state = 1 AND id > ?1"
                        " ORDER BY id LIMIT 1",
    [SQL_GAP_PUT] = "INSERT OR IGNORE INTO inbox_gap (conversation, number) VALUES (?1, ?2)",
    [SQL_GAP_TAKE] = "DELETE FROM inbox_gap WHERE conversation = ?1 AND number = ?2",
    [SQL_FETCH_PUT] = "INSERT OR IGNORE INTO inbox_file (inbox_id, root, chunk_count, done)"
                      " VALUES (?1, ?2, ?3, 0)",
    [SQL_FETCH_NEXT] = "SELECT f.root, f.chunk_count, i.message_id FROM inbox_file f"
                       " JOIN inbox i ON i.id = f.inbox_id WHERE f.done = 0"
                       " ORDER BY f.inbox_id LIMIT 1",
    [SQL_FETCH_DONE] = "UPDATE inbox_file SET done = 1 WHERE root = ?1",
    [SQL_FETCH_UNDO] = "UPDATE inbox_file SET done = 0 WHERE root = ?1",
    [SQL_FETCH_OPEN_OF] = "SELECT count(*) FROM inbox_file WHERE inbox_id = ?1 AND done = 0",
    [SQL_FETCH_WAITERS] = "SELECT i.id, i.conversation, i.number FROM inbox_file f"
                          " JOIN inbox i ON i.id = f.inbox_id"
                          " WHERE f.root = ?1 AND i.state = 2 AND i.id > ?2 ORDER BY i.id LIMIT 1",
    [SQL_FETCH_KNOWN] = "SELECT 1 FROM inbox_file f JOIN inbox i ON i.id = f.inbox_id"
                        " WHERE f.root = ?1 AND i.state IN (1, 2)",
    [SQL_OWED_PUT] = "INSERT OR IGNORE INTO inbox_receipt (inbox_id, kind, q, s, acked)"
                     " VALUES (?1, ?2, ?3, ?4, 0)",
    [SQL_OWED_NEXT] = "SELECT id, q, s FROM inbox_receipt WHERE acked = 0 AND id > ?1"
                      " ORDER BY id LIMIT 1",
    [SQL_OWED_OF] = "SELECT q, s FROM inbox_receipt WHERE inbox_id = ?1 ORDER BY id",
    [SQL_OWED_ACKED] =
        "UPDATE inbox_receipt SET acked = 1 WHERE id BETWEEN ?1 AND ?2 AND acked = 0",
};
