#include "keys/init.h"

#include <sodium.h>

enum err keys_init(void)
{
    return sodium_init() < 0 ? ERR_INTERNAL : OK;
}
