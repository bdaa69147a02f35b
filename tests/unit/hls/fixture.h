/* fixture.h - the files of tests/fixtures/hls, and bytes with something done to them */
#pragma once

#include "hls/probe.h"

#include <string.h>

static inline GBytes *
fixture (const char *name) {
  g_autofree char *path = g_build_filename (g_getenv ("HLS_FIXTURES"), name, NULL);
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;
  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

/* An exact copy, so that the sanitizer sees a read beyond the end. */
static inline GBytes *
exact (const void *data, gsize size) {
  return g_bytes_new_take (g_memdup2 (data, size), size);
}

static inline UsProbe *
probe_ok (GBytes *segment, GBytes *init) {
  g_autoptr (GError) error = NULL;
  UsProbe *probe = us_probe_segment (segment, init, &error);
  g_assert_no_error (error);
  return probe;
}

static inline void
probe_fails (GBytes *segment, GBytes *init, UsProbeError code, const char *message) {
  g_autoptr (GError) error = NULL;
  g_autoptr (UsProbe) probe = us_probe_segment (segment, init, &error);
  g_assert_null (probe);
  g_assert_error (error, US_PROBE_ERROR, (int)code);
  if (strstr (error->message, message) == NULL)
    g_error ("got: %s, wanted: %s", error->message, message);
}

static inline const UsPicture *
picture_at (const UsProbe *probe, guint i) {
  g_assert_cmpuint (i, <, probe->pictures->len);
  return &g_array_index (probe->pictures, UsPicture, i);
}
