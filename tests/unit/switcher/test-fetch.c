/* test-fetch.c - which bytes pass for a segment */
#include "switcher/fetch.h"

#include "hls/mpegts.h"
#include "ts-segment.h"

typedef enum { INTACT, EMPTY, TEXT, CUT, NO_TABLES, NO_IDR, JUMP } Damage;

static GBytes *
damaged (Damage damage) {
  g_autoptr (GBytes) good = ts_segment (7, 0);
  gsize size;
  const guint8 *data = g_bytes_get_data (good, &size);
  g_autofree guint8 *copy = g_memdup2 (data, size);
  switch (damage) {
  case EMPTY:
    return g_bytes_new (NULL, 0);
  case TEXT:
    return g_bytes_new_static ("<html>not found</html>", 22);
  case CUT:
    return g_bytes_new (copy, size - 100);
  case NO_TABLES:
    return g_bytes_new (copy + 2 * US_MPEGTS_PACKET, size - 2 * US_MPEGTS_PACKET);
  case NO_IDR:
    copy[2 * US_MPEGTS_PACKET + 188 - 40 + 18] = 0x41; /* another kind of slice */
    break;
  case JUMP: { /* the video packet twice more, as if one between were lost */
    guint8 *longer = g_malloc (size + US_MPEGTS_PACKET);
    memcpy (longer, copy, size);
    memcpy (longer + size, copy + 2 * US_MPEGTS_PACKET, US_MPEGTS_PACKET);
    longer[size + 1] &= 0x1f; /* no new unit */
    longer[size + 3] = (longer[size + 3] & 0xf0) | 5;
    return g_bytes_new_take (longer, size + US_MPEGTS_PACKET);
  }
  case INTACT:
  default:
    break;
  }
  return g_bytes_new (copy, size);
}

static void
test_judge (void) {
  static const struct {
    Damage damage;
    gboolean is_good_ours, is_good_foreign;
  } table[] = {
    { INTACT, TRUE, TRUE }, { EMPTY, FALSE, FALSE },     { TEXT, FALSE, FALSE },
    { CUT, FALSE, FALSE },  { NO_TABLES, FALSE, FALSE }, { NO_IDR, FALSE, TRUE },
    { JUMP, FALSE, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GBytes) bytes = damaged (table[i].damage);
    for (guint is_ours = 0; is_ours < 2; is_ours++) {
      g_autoptr (GError) error = NULL;
      gboolean is_good = is_ours ? table[i].is_good_ours : table[i].is_good_foreign;
      g_autoptr (UsProbe) probe = NULL;
      UsShape shape = US_N_SHAPES;
      UsReason reason = is_ours == 1 ? us_fetch_judge_ours (bytes, &error)
                                     : us_fetch_judge_media (bytes, NULL, &shape, &probe, &error);
      g_test_message ("damage %u, ours %u: %s", table[i].damage, is_ours,
                      error != NULL ? error->message : "good");
      g_assert_cmpint (reason, ==, is_good ? US_REASON_OK : US_REASON_BAD_SEGMENT);
      g_assert_cmpint (error == NULL, ==, is_good);
    }
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/fetch/judge", test_judge);
  return g_test_run ();
}
