/* decode-worker.h - the child process that decodes for the monitor */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The word behind the program's name that starts it: for the program itself, not for people. */
#define US_DECODE_WORKER_COMMAND "decode-worker"

/* Serves requests until @in ends. @pipelines: (nullable): folder of pipeline texts.
 * Returns: the exit code */
int us_decode_worker_run (int in, int out, const char *pipelines);

/* How the monitor starts it: this program again. @pipelines: (nullable)
 * Returns: (transfer full) (array zero-terminated=1) */
char **us_decode_worker_argv (const char *pipelines);

G_END_DECLS
