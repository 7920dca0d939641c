/*
 * Force-included into every file: calls that have caused too many bugs do not compile.
 * (git's banned.h is the model.) The message names what to use instead.
 */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(func, instead) banned_##func##_use_##instead
#undef strcpy
#define strcpy(...) BANNED(strcpy, cx_buf_add_str)
#undef strcat
#define strcat(...) BANNED(strcat, cx_buf_add_str)
#undef strncpy
#define strncpy(...) BANNED(strncpy, cx_buf_add_str)
#undef strncat
#define strncat(...) BANNED(strncat, cx_buf_add_str)
#undef sprintf
#define sprintf(...) BANNED(sprintf, snprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, vsnprintf)
#undef strtok
#define strtok(...) BANNED(strtok, cx_str)
#undef atoi
#define atoi(...) BANNED(atoi, cx_parse_i64)
#undef atol
#define atol(...) BANNED(atol, cx_parse_i64)
#undef strtol
#define strtol(...) BANNED(strtol, cx_parse_i64)
#undef strtoul
#define strtoul(...) BANNED(strtoul, cx_parse_i64)
#undef strtoll
#define strtoll(...) BANNED(strtoll, cx_parse_i64)
#undef gmtime
#define gmtime(...) BANNED(gmtime, cx_civil_from_time)
#undef localtime
#define localtime(...) BANNED(localtime, cx_civil_from_time)
#undef asctime
#define asctime(...) BANNED(asctime, cx_time_format)
#undef ctime
#define ctime(...) BANNED(ctime, cx_time_format)
#undef time
#define time(...) BANNED(time, cx_now)
#undef rand
#define rand(...) BANNED(rand, cx_rng_fill)
#undef system
#define system(...) BANNED(system, os_process_spawn)
#undef popen
#define popen(...) BANNED(popen, os_process_spawn)
#undef alloca
#define alloca(...) BANNED(alloca, arena_alloc)
