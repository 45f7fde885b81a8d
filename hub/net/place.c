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

enum err place_list_read(const struct yaml_node *map, const char *key, const char *file,
                         struct place_list *out, struct fault *fault)
{
    const struct yaml_node *list = yaml_get(map, key);
    out->count = 0;
    if (list == NULL)
        return OK;
    if (yaml_kind(list) != YAML_KIND_LIST)
        return yaml_fault(list, ERR_FIELD_VALUE, fault, "%s: a list of paths", key);
    if (yaml_count(list) > PLACE_LIST_MAX)
        return yaml_fault(list, ERR_TOO_LARGE, fault, "%s: at most %d", key, PLACE_LIST_MAX);
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        const char *path = yaml_text(item);
        if (path == NULL || path[0] == '\0' ||
            place_resolve(file, path, out->path[i], PLACE_MAX) != OK)
            return yaml_fault(item, ERR_FIELD_VALUE, fault, "%s: a path", key);
        out->count++;
    }
    return OK;
}

size_t place_list_allow(const struct place_list *list, struct sandbox_place *places, size_t count)
{
    if (list->count > 0) {
        places[count++] = (struct sandbox_place){"/usr/lib", SANDBOX_READ};
        places[count++] = (struct sandbox_place){"/usr/local/lib", SANDBOX_READ};
    }
    for (size_t i = 0; i < list->count; i++)
        places[count++] = (struct sandbox_place){list->path[i], SANDBOX_WRITE};
    return count;
}
