/* fuzz-rtmp-mark.c - any bytes as a segment mark: believed only if it says the same when it is
 * written and read again */
#include "fuzz-rtmp.h"
#include "rtmp/mark.h"

static void
check_equal (const UsMark *a, const UsMark *b) {
  if (a->epoch != b->epoch || a->number != b->number || a->media_ms != b->media_ms
      || a->wall_ms != b->wall_ms || a->closes != b->closes || a->closes_end_ms != b->closes_end_ms
      || a->discontinuity != b->discontinuity || a->is_discontinuous != b->is_discontinuous
      || a->tracks != b->tracks || a->target_duration_s != b->target_duration_s)
    g_error ("a mark that says something else when it is read again");
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size) {
  g_autofree guint8 *exact = fuzz_exact (data, size);
  g_autoptr (GBytes) payload = g_bytes_new_static (exact, size);
  g_autoptr (GError) error = NULL;
  UsMark mark, again;
  gboolean is_mark = us_mark_is_mark (payload);
  gboolean ok = us_mark_decode (payload, &mark, &error);
  if (ok != (error == NULL))
    g_error ("result and error disagree");
  if (!ok)
    return 0;
  if (!is_mark)
    g_error ("a mark that is not known for one");
  if ((mark.tracks & ~(US_TRACK_VIDEO | US_TRACK_AUDIO)) != 0 || mark.target_duration_s > 3600)
    g_error ("a value beyond its limit");
  g_autoptr (GBytes) written = us_mark_encode (&mark);
  if (!us_mark_is_mark (written) || !us_mark_decode (written, &again, NULL))
    g_error ("own output cannot be read");
  check_equal (&mark, &again);
  return 0;
}
