/* fuzz-rtmp.h - the entry point of the RTMP targets, called by libFuzzer or by replay.c */
#pragma once

#include <glib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Copies to a block of exactly the size, so that AddressSanitizer sees reads behind the end. */
#define fuzz_exact(data, size) ((size) > 0 ? g_memdup2 ((data), (size)) : g_malloc0 (1))
