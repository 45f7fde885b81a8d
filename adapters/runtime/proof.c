#include "adapters/runtime/proof.h"

#include "base/file.h"
#include "base/hex.h"
#include "keys/certificate.h"

#include <stdio.h>
#include <stdlib.h>

enum err proof_keep(const struct site *site, struct sdk *sdk, const struct sdk_incoming *message)
{
    char id[2 * SDK_ID_LEN + 1];
    char name[SDK_ID_LEN * 2 + sizeof "certificates/.lsp"];
    char path[SITE_PATH_MAX];
    uint8_t *bytes = malloc(CERTIFICATE_FILE_MAX);

    if (bytes == NULL)
        return ERR_NO_MEMORY;
    struct writer w = writer_of(bytes, CERTIFICATE_FILE_MAX);
    hex_encode(span_of(message->message_id, SDK_ID_LEN), id);
    (void)snprintf(name, sizeof name, "certificates/%s.lsp", id);
    enum err err = certificate_write(sdk_registry(sdk), message->facts_document, &w);
    if (err == OK)
        err = site_path(site, path, "%s", name);
    if (err == OK)
        err = site_make_parent(site, name);
    if (err == OK)
        err = file_write(path, writer_span(&w), 0600, 0, NULL);
    free(bytes);
    return err;
}
