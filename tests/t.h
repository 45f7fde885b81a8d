/* What every cmocka test needs. */
#ifndef TESTS_T_H
#define TESTS_T_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define T_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
