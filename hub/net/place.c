#include "net/place.h"

#include "keys/keyfile.h"

#include <stdio.h>

enum err place_resolve(const char *file, const char *path, char *out, size_t cap)
{
    const char *slash = strrchr(file, '/');
    const bool whole = path[0] == '/' || !private_file_is_path(path);
    int dir_len = whole || slash == NULL ? 0 : (int)(slash - file) + 1;
    int wanted = snprintf(out, cap, "%.*s%s", dir_len, file, path);
    return wanted >= 0 && (size_t)wanted < cap ? OK : ERR_FIELD_LONG;
}

enum err place_read(const struct yaml_node *map, const char *key, bool optional, const char *file,
                    char *out, size_t cap, struct fault *fault)
{
    const struct yaml_node *node;

    out[0] = '\0';
    if (optional && yaml_get(map, key) == NULL)
        return OK;
    enum err err = yaml_need(map, key, YAML_KIND_SCALAR, &node, fault);
    if (err != OK)
        return err;
    const char *path = yaml_text(node);
    if (path == NULL || path[0] == '\0')
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "%s: a path", key);
    if (place_resolve(file, path, out, cap) != OK)
        return yaml_fault(node, ERR_FIELD_LONG, fault, "%s: a path of at most %zu bytes", key,
                          cap - 1);
    return OK;
}
