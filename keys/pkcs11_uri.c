#include "keys/pkcs11.h"

#include "base/text.h"
#include "ident.h"

#include <string.h>

static const char SCHEME[] = "pkcs11:";

bool pkcs11_is_uri(const char *text)
{
    return strncmp(text, SCHEME, sizeof SCHEME - 1) == 0;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One value with its %XX resolved; control characters and zero are in no name. */
static bool take_value(const char *from, size_t len, char *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int c = (unsigned char)from[i];
        if (c == '%') {
            if (i + 2 >= len || digit(from[i + 1]) < 0 || digit(from[i + 2]) < 0)
                return false;
            c = digit(from[i + 1]) * 16 + digit(from[i + 2]);
            i += 2;
        }
        if (c < 0x20 || c == 0x7f || n == max)
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return n > 0;
}

/* "name=value" into the field of that name, which is still empty. */
static bool take_attribute(struct pkcs11_uri *out, const char *text, size_t len, bool query)
{
    const struct {
        const char *name;
        bool query;
        char *out;
        size_t max;
    } fields[] = {
        {"token=", false, out->token, PKCS11_LABEL_MAX},
        {"object=", false, out->object, PKCS11_OBJECT_MAX},
        {"module-path=", true, out->module, PKCS11_PATH_MAX},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const size_t name_len = strlen(fields[i].name);
        if (fields[i].query != query || len < name_len ||
            strncmp(text, fields[i].name, name_len) != 0)
            continue;
        return fields[i].out[0] == '\0' &&
               take_value(text + name_len, len - name_len, fields[i].out, fields[i].max);
    }
    return false;
}

static bool take_attributes(struct pkcs11_uri *out, const char *text)
{
    bool query = false;
    while (*text != '\0') {
        const size_t len = strcspn(text, query ? "&" : ";?");
        if (!take_attribute(out, text, len, query))
            return false;
        text += len;
        if (*text == '\0')
            break;
        query = query || *text == '?';
        text++;
    }
    return out->token[0] != '\0' && out->object[0] != '\0' && out->module[0] != '\0';
}

enum err pkcs11_uri_parse(struct pkcs11_uri *out, const char *text, struct fault *fault)
{
    *out = (struct pkcs11_uri){.use = KEY_USE_NONE};
    if (!pkcs11_is_uri(text) || !take_attributes(out, text + sizeof SCHEME - 1))
        return fault_set(fault, ERR_SYNTAX, 0, "pkcs11:",
                         "pkcs11:token=LABEL;object=MEMBER:USE?module-path=/PATH, and no more");
    const char *colon = strchr(out->object, ':');
    const size_t len = colon == NULL ? 0 : (size_t)(colon - out->object);
    memcpy(out->member, out->object, len);
    out->member[len] = '\0';
    out->use = colon == NULL ? KEY_USE_NONE : key_use_of(colon + 1);
    if (!member_valid(out->member) || key_use_alg(out->use) != ALG_ED25519)
        return fault_set(fault, ERR_KEY_USE, 0, "pkcs11:",
                         "object: a member, a colon, and one of sign, log, official, witness, "
                         "registrar, root");
    return OK;
}
