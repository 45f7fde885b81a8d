/* With LIANSHU_TEST_ONLY=name in the environment a test program runs that test alone: the suite of
 * attacks runs what it claims and nothing besides. */
#include "t.h"

#include <stdlib.h>

__attribute__((constructor)) static void only(void)
{
    const char *name = getenv("LIANSHU_TEST_ONLY");
    if (name != NULL)
        cmocka_set_test_filter(name);
}
