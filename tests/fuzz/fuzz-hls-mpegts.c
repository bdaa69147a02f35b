/* fuzz-hls-mpegts.c - any bytes as a segment: inspection and finishing
 *
 * Whatever finishing lets through must be on the grid, have one PAT and PMT in front and counters
 * that run on; twice the same input gives twice the same bytes. */
#include "hls/mpegts.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  UsMpegtsInfo info;
  g_autoptr (GError) error = NULL;
  g_assert_true (us_mpegts_inspect (data, size, &info, &error) == (error == NULL));
  g_clear_error (&error);

  g_autoptr (GBytes) in = g_bytes_new_static (data, size);
  g_autoptr (GBytes) out = us_mpegts_finish (in, size, &error);
  g_assert_true ((out == NULL) == (error != NULL));
  if (out == NULL)
    return 0;
  g_autoptr (GBytes) twin = us_mpegts_finish (in, size, &error);
  g_assert_true (g_bytes_equal (out, twin));
  g_autoptr (GBytes) again = us_mpegts_finish (out, size, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (out, again));

  gsize out_size;
  const guint8 *bytes = g_bytes_get_data (out, &out_size);
  if (!us_mpegts_inspect (bytes, out_size, &info, &error)) {
    g_assert_false (g_error_matches (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_GRID));
    g_assert_false (g_error_matches (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_CONTINUITY));
    g_assert_false (g_error_matches (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES));
  }
  g_assert_true (info.starts_with_tables);
  return 0;
}
