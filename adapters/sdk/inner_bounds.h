/* Bounds and times of the SDK, in one place. Nothing here is for applications. */
#ifndef ADAPTERS_SDK_INNER_BOUNDS_H
#define ADAPTERS_SDK_INNER_BOUNDS_H

#include "adapters/sdk/sdk.h"
#include "frame.h"

enum {
    SDK_APPLICATION_ID = 0x4c534144, /* of the database: "LSAD" */
    SDK_PATH_MAX = 1024,
    SDK_STAGE_BYTES = 4 << 20,    /* documents staged between two commits */
    SDK_RECEIPT_STAGE_MAX = 1024, /* receipts staged between two commits */
    SDK_RECEIPT_BYTES = SDK_RECEIPT_STAGE_MAX * FRAME_RECEIPT_MAX,
    SDK_FLIGHT_MAX = 1024,     /* messages sent and not answered yet */
    SDK_FLIGHT_RESERVED = 64,  /* of them for repairs only */
    SDK_FLIGHT_RING = 2048,    /* with those that were answered out of turn */
    SDK_RECENT_MAX = 8192,     /* rows kept in memory for their receipts; */
    SDK_RECENT_WAYS = 8,       /* so many share their place */
    SDK_PACK_FRAMES = 32,      /* frames in a row of outbox_pack or inbox_pack */
    SDK_PACK_BYTES = 64 << 10, /* of a pack with more than one frame */
    SDK_PACK_SLOTS = 32,       /* packs kept in memory */
    SDK_GROUP_MAX = SDK_BATCH_MAX * SDK_DESTINATION_MAX,  /* members that one message reaches */
    SDK_AUDIENCE_MAX = FRAME_AUDIENCE_MAX,                /* readers of one part */
    SDK_PART_MAX = FRAME_DOCUMENT_FRAME_MAX + (16 << 10), /* sealed part, padded */
    SDK_BODY_STRUCT_MAX = 96 << 10,
    SDK_WANT_MAX = 32, /* ranges of chunks that the hub has asked for */
    SDK_ACK_MAX = 128, /* receipt frames sent and not acknowledged */
    SDK_RECEIPTS_PER_FRAME = 64,
    SDK_REPEAT_MAX = 256,
    SDK_CHUNK_WINDOW = 64, /* chunks asked for and not here yet */
    SDK_CHUNK_ASK = 2,     /* asked for at once, while more are on their way */
    SDK_CHECKED_MAX = 16,  /* attachments found good while they came */
    SDK_KEPT_HOURS = 48, /* what the hub itself took, after its end: so old its last copy may be */
    SDK_FILE_KEY_KEEP_DAYS = 30, /* a file key after its last use */
    SDK_STALL_MS = 10 * 1000,    /* no chunk was asked for: the envelope goes again */
    SDK_INPUT_TURN_MAX = 256,    /* frames read a turn */
    SDK_OUTPUT_TURN_MAX = 256,   /* frames sent a turn */
    SDK_DESTINATIONS_TEXT_MAX = SDK_DESTINATION_MAX * SDK_MEMBER_MAX + 2,
    SDK_RETRY_MS = 1000, /* first repetition; doubles */
    SDK_RETRY_MAX_MS = 60 * 1000,
    SDK_OFFER_GRACE_MS = 60 * 1000, /* after a welcome: then what is open is offered again */
    SDK_OFFER_EVERY_MS = 125,
    SDK_REASK_MS = 5000, /* chunks asked for that did not come */
    SDK_LAPSE_EVERY_MS = 1000,
    SDK_HELLO_AGAIN_MS = 5000,    /* no welcome came: doubles up to SDK_RETRY_MAX_MS */
    SDK_GAP_HELLO_MS = 30 * 1000, /* not sooner after a hello that a gap caused */
    SDK_GAP_CUT_MS = 5 * 1000, /* a cut as short does not begin that wait anew; after it the hub has
                                * so long to give again what was lost */
    SDK_GAP_WAIT_MS =
        SDK_GAP_WAIT_S * 1000, /* for a number that another adapter may have: its lease and more */
    SDK_TRIM_EVERY_MS = 1000,
    SDK_TRIM_ROWS = 64, /* looked at each time */
    SDK_PARTS = 3,      /* of an envelope that we make: facts, sealed, manifest */
    SDK_PACK_KEYS = SDK_PACK_FRAMES * (1 + FRAME_PARTS_MAX * 32), /* keys of a pack's parts */
    SDK_IDLE_MS = 2000,        /* nothing moved: fold the log back, give space back */
    SDK_IDLE_AGAIN_MS = 30000, /* and a little more of it later */
    SDK_FLAP_MS = 10 * 1000,   /* a connection that does not last so long */
    SDK_FLAPS_FREE = 3,        /* so many of them in a row cost nothing */
    SDK_FLAP_WAIT_MS = 200,    /* before hello then; doubles up to SDK_FLAP_WAIT_MAX_MS */
    SDK_FLAP_WAIT_MAX_MS = 30 * 1000,
    SDK_RESUME_MAX = 64, /* stuck messages looked at a second */
    SDK_DRAIN_MAX = 256, /* waiting messages applied at once when a gap closes */
    SDK_DROP_MAX = 64,
    SDK_STATEMENT_MAX =
        FRAME_STATEMENT_MAX + FRAME_CHECKPOINT_MAX + FRAME_LOG_PATH_MAX * 32 + 16, /* LSV1 */
    SDK_FILE_PATH_MAX = SDK_PATH_MAX + 96,
};

#endif
