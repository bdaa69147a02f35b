/* fuzz-hls-inspect.c - any bytes as a segment that an operator asks about
 *
 * Divided as in fuzz-hls-probe.c: the first byte times 64 bytes are the map. Whatever the strict
 * probe takes is inspected as well, with the same times and pictures. */
#include "hls/inspect.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_sizes (const UsSizes *sizes) {
  g_assert_true (sizes->n > 0 || sizes->max == 0);
  g_assert_cmpuint (sizes->p50, <=, sizes->p90);
  g_assert_cmpuint (sizes->p90, <=, sizes->max);
}

static void
check (const UsInspection *self) {
  const UsProbe *probe = self->probe;
  gboolean is_damaged = self->n_sync_lost + self->n_continuity + self->n_scrambled > 0
                        || (probe->container == US_CONTAINER_TS && !self->has_tables);
  g_assert_true (probe->has_video || probe->has_audio || is_damaged);
  g_assert_true (self->has_tables || !self->has_tables_first);
  g_assert_cmpint (self->duration_us, >=, 0);
  g_assert_cmpint (self->longest_gop_us, >=, 0);
  g_assert_true ((self->width == 0) == (self->height == 0) || probe->container != US_CONTAINER_TS);
  g_assert_cmpuint (self->delta.n + probe->pictures->len, ==, probe->n_video);
  check_sizes (&self->delta);
  check_sizes (&self->audio);
  g_assert_true (self->video_codec == NULL || g_utf8_validate (self->video_codec, -1, NULL));
  g_assert_true (self->audio_codec == NULL || g_utf8_validate (self->audio_codec, -1, NULL));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  gsize map_size = MIN ((gsize)data[0] * 64, size - 1);
  g_autoptr (GBytes) map = map_size > 0 ? g_bytes_new (data + 1, map_size) : NULL;
  g_autoptr (GBytes) segment = g_bytes_new (data + 1 + map_size, size - 1 - map_size);
  g_autoptr (GError) error = NULL;
  g_autoptr (UsInspection) self = us_inspect_segment (segment, map, &error);
  g_assert_true ((self == NULL) == (error != NULL));
  g_autoptr (UsProbe) probe = us_probe_segment (segment, map, NULL);
  g_assert_true (self != NULL || probe == NULL);
  if (self == NULL)
    return 0;
  check (self);
  if (probe == NULL)
    return 0;
  g_assert_cmpuint (probe->config, ==, self->probe->config);
  g_assert_cmpuint (probe->n_video, ==, self->probe->n_video);
  g_assert_cmpint (probe->first_video_us, ==, self->probe->first_video_us);
  g_assert_cmpint (probe->end_audio_us, ==, self->probe->end_audio_us);
  return 0;
}
