/*
 * adapter - one department's adapter put together: sdk, map, source, sink, answers.
 *
 *   source/ ──> map_out ──> sdk_send        sdk ──> map_in ──> sink/        notices ──> register/
 *
 * Guarantees: those of its parts; see sdk.h, source.h, sink.h, respond.h. adapter_turn does a
 * bounded amount of work and blocks only where the sdk waits.
 *
 * Thread rule: one thread.
 */
#ifndef ADAPTERS_RUNTIME_ADAPTER_H
#define ADAPTERS_RUNTIME_ADAPTER_H

#include "adapters/runtime/config.h"
#include "adapters/runtime/source.h"

struct adapter;

/* connect false: everything but the connection (checks, tests). */
MUST_USE enum err adapter_open(struct adapter **out, const struct config *config, bool connect,
                               uint64_t now_ms, struct fault *f);
void adapter_close(struct adapter **adapter);

/* One turn: files in, frames in and out, files out. RETRY errors are survived and logged. */
MUST_USE enum err adapter_turn(struct adapter *adapter, uint64_t now_ms, uint32_t wait_ms);

struct sdk *adapter_sdk(struct adapter *adapter);
struct source *adapter_source(struct adapter *adapter);

#endif
