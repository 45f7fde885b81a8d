/*
 * sink - what comes, as files of the department's own format.
 *
 *   sink/<type>/<env_id>.json            the record as map_in makes it, and "lianshu": env_id,
 *                                        sender, times, advisories, files
 *   sink/<type>/<env_id>.files/<name>    attachments, in clear
 *   sink/<type>/<env_id>.withdrawn.json  its sender took it back: the withdrawal
 *
 * Guarantees:
 *   1. The record appears after its attachments, whole, under a name that is the message's own:
 *      doing it again after a kill gives the same file, never a second one.
 *   2. Advisories (flags) stand in the record; nothing of the document is left out.
 *   3. Names of attachments cannot leave their folder.
 *
 * Thread rule: that of the sdk.
 */
#ifndef ADAPTERS_RUNTIME_SINK_H
#define ADAPTERS_RUNTIME_SINK_H

#include "adapters/runtime/map.h"
#include "adapters/runtime/site.h"
#include "adapters/sdk/sdk.h"

struct sink {
    const struct site *site;
    const struct map *map;
};

/* The department's record of a message: ERR_POISON when a body does not decode. */
MUST_USE enum err sink_record(const struct sink *sink, const struct sdk_incoming *message,
                              struct json **record);

/* Inside apply. record is that of sink_record. */
MUST_USE enum err sink_put(const struct sink *sink, struct sdk *sdk,
                           const struct sdk_incoming *message, const struct json *record);

#endif
