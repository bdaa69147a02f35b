/* fuzz-hls-probe.c - any bytes as a segment of either container, with and without a map
 *
 * The first byte says how the rest is divided: 0 is a segment alone, else that many times 64 bytes
 * are its map. A probe that succeeds makes sense: times in order, pictures inside the segment. */
#include "hls/probe.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check (const UsProbe *probe, gsize size) {
  g_assert_true (probe->has_video || probe->has_audio);
  g_assert_true (probe->has_video == (probe->n_video > 0));
  if (probe->has_video)
    g_assert_cmpint (probe->first_video_us, <=, probe->end_video_us);
  if (probe->has_audio)
    g_assert_cmpint (probe->first_audio_us, <=, probe->end_audio_us);
  g_assert_cmpint (probe->frame_us, >=, 0);
  g_assert_cmpuint (probe->pictures->len, <=, probe->n_video);
  for (guint i = 0; i < probe->pictures->len; i++) {
    const UsPicture *picture = &g_array_index (probe->pictures, UsPicture, i);
    g_assert_cmpuint (picture->offset, <, size);
    g_assert_cmpint (picture->pts_us, >=, probe->first_video_us);
    g_assert_cmpint (picture->pts_us, <=, probe->end_video_us);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  gsize map_size = MIN ((gsize)data[0] * 64, size - 1);
  g_autoptr (GBytes) map = g_bytes_new (data + 1, map_size);
  g_autoptr (GBytes) segment = g_bytes_new (data + 1 + map_size, size - 1 - map_size);
  g_autoptr (GError) error = NULL;
  g_assert_true (us_probe_check_init (map, &error) == (error == NULL));
  g_clear_error (&error);
  g_autoptr (UsProbe) probe = us_probe_segment (segment, map_size > 0 ? map : NULL, &error);
  g_assert_true ((probe == NULL) == (error != NULL));
  if (probe == NULL)
    return 0;
  check (probe, g_bytes_get_size (segment));
  g_autoptr (UsProbe) again = us_probe_segment (segment, map_size > 0 ? map : NULL, &error);
  g_assert_cmpuint (again->config, ==, probe->config);
  g_assert_cmpuint (again->pictures->len, ==, probe->pictures->len);
  return 0;
}
