/*
 * tables - rows of the application in the SDK's own database, so that they are committed with the
 * messages they belong to (sdk.h, guarantee 3).
 *
 *   sdk_begin ─> statements of db_prepare on sdk_db ─> sdk_commit, or sdk_rollback
 *
 * Guarantees: those of the database module, whose statements these are. Transactions are the SDK's:
 * never call db_begin, db_commit or db_rollback on sdk_db.
 *
 * Thread rule: that of the sdk.
 */
#ifndef ADAPTERS_SDK_TABLES_H
#define ADAPTERS_SDK_TABLES_H

#include "store/db.h"

#endif
