/* Processor time, for machines that others use too. */
#pragma once
#include <glib.h>
#include <time.h>

/* µs of this process and, unless `pid` is 0, of that one, which must run on this machine. */
static inline gint64 bench_cpu_us(gint64 pid) {
    struct timespec used;
    g_autofree char *path = g_strdup_printf("/proc/%d/schedstat", (int)pid);
    g_autofree char *text = NULL;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    gint64 us = (gint64)used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
    if (pid > 0 && g_file_get_contents(path, &text, NULL, NULL))
        us += g_ascii_strtoll(text, NULL, 10) / 1000;
    return us;
}
