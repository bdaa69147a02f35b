/* fuzz-hls-recut.c - any bytes as a transport stream to go on from each of its pictures
 *
 * What comes out starts with its tables and that picture, has counters that run on, and stays what
 * it is when it is cut again. A picture that is not there is refused. */
#include "hls/mpegts-packet.h"
#include "hls/recut.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_counters (GBytes *cut) {
  gsize size;
  const guint8 *data = g_bytes_get_data (cut, &size);
  guint8 last[US_MPEGTS_N_PIDS];
  memset (last, US_MPEGTS_NO_COUNTER, sizeof last);
  g_assert_cmpuint (size % US_MPEGTS_PACKET, ==, 0);
  for (gsize i = 0; i < size / US_MPEGTS_PACKET; i++) {
    UsMpegtsPacket packet;
    g_assert_true (us_mpegts_packet_read (&packet, data, i, NULL));
    gboolean is_first = last[packet.pid] == US_MPEGTS_NO_COUNTER;
    guint8 due = packet.payload_size > 0 ? (last[packet.pid] + 1) & 15 : last[packet.pid];
    g_assert_true (is_first || packet.continuity == due);
    last[packet.pid] = packet.continuity;
  }
}

static void
check_picture (GBytes *segment, const UsPicture *picture) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) cut = us_recut_from (segment, picture, &error);
  g_assert_true ((cut == NULL) == (error != NULL));
  if (cut == NULL)
    return;
  check_counters (cut);
  g_autoptr (UsProbe) probe = us_probe_segment (cut, NULL, NULL);
  if (probe == NULL || probe->pictures->len == 0)
    return;
  const UsPicture *first = &g_array_index (probe->pictures, UsPicture, 0);
  g_autoptr (GBytes) again = us_recut_from (cut, first, NULL);
  if (again != NULL)
    check_counters (again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  g_autoptr (GBytes) segment = g_bytes_new (data, size);
  const UsPicture absent = { 0, 0, size / 2 };
  check_picture (segment, &absent);
  g_autoptr (UsProbe) probe = us_probe_segment (segment, NULL, NULL);
  for (guint i = 0; probe != NULL && i < MIN (probe->pictures->len, 4); i++)
    check_picture (segment, &g_array_index (probe->pictures, UsPicture, i));
  return 0;
}
