/* test-break-mark.c - the newest mark of a break in a playlist */
#include "monitor/break-mark.h"

#include <math.h>
#include <string.h>

#define S "#EXTINF:2,\na.ts\n"

static void
test_table (void) {
  static const struct {
    const char *text;
    UsBreakMark expected;
    double planned_s; /* -1: not said */
  } rows[] = {
    { "", US_BREAK_MARK_NONE, -1 },
    { "#EXTM3U\n" S S, US_BREAK_MARK_NONE, -1 },
    { S "#EXT-X-CUE-OUT:30\n" S, US_BREAK_MARK_OUT, 30 },
    { S "#EXT-X-CUE-OUT:DURATION=30.5\n" S, US_BREAK_MARK_OUT, 30.5 },
    { S "#EXT-X-CUE-OUT\n" S, US_BREAK_MARK_OUT, -1 },
    { S "#EXT-X-CUE-OUT:\n" S, US_BREAK_MARK_OUT, -1 },
    { S "#EXT-X-CUE-OUT:NaN\n" S, US_BREAK_MARK_OUT, -1 },
    { S "#EXT-X-CUE-OUT:-4\n" S, US_BREAK_MARK_OUT, -1 },
    { S "#EXT-X-CUE-OUT:1e300\n" S, US_BREAK_MARK_OUT, -1 },
    { S "#EXT-X-CUE-OUT-CONT:ElapsedTime=4,Duration=30\n" S, US_BREAK_MARK_OUT, -1 },
    { S "#EXT-X-CUE-OUT:30\n" S "#EXT-X-CUE-IN\n" S, US_BREAK_MARK_IN, -1 },
    { S "#EXT-X-CUE-IN\n" S "#EXT-X-CUE-OUT:15\n" S, US_BREAK_MARK_OUT, 15 },
    { S "#EXT-X-CUE-OUT:30\r\n" S, US_BREAK_MARK_OUT, 30 },
    { S "#EXT-X-CUE-OUT:30", US_BREAK_MARK_OUT, 30 }, /* no newline at the end */
    { "#EXT-X-DATERANGE:ID=\"1\",START-DATE=\"2026-01-01T00:00:00Z\",PLANNED-DURATION=60,"
      "SCTE35-OUT=0xFC\n" S,
      US_BREAK_MARK_OUT, 60 },
    { "#EXT-X-DATERANGE:ID=\"1\",SCTE35-OUT=0xFC,END-DATE=\"2026-01-01T00:01:00Z\"\n" S,
      US_BREAK_MARK_IN, -1 },
    { "#EXT-X-DATERANGE:ID=\"1\",SCTE35-IN=0xFC\n" S, US_BREAK_MARK_IN, -1 },
    { "#EXT-X-DATERANGE:ID=\"1\",CLASS=\"x\"\n" S, US_BREAK_MARK_NONE, -1 },
    { S "a-CUE-b.ts\n", US_BREAK_MARK_NONE, -1 },
    { "\n\n\n-CUE-", US_BREAK_MARK_NONE, -1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    double planned_s = 0;
    gsize size = strlen (rows[i].text);
    g_autofree char *exact = g_memdup2 (rows[i].text, MAX (size, 1)); /* not terminated */
    g_test_message ("%u", i);
    g_assert_cmpint (us_break_mark_read (exact, size, &planned_s), ==, rows[i].expected);
    if (rows[i].planned_s < 0)
      g_assert_true (isnan (planned_s));
    else
      g_assert_cmpfloat (planned_s, ==, rows[i].planned_s);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/break-mark/table", test_table);
  return g_test_run ();
}
