/* test-negotiate.c - Range and If-None-Match of src/http/negotiate.c */
#include "http/negotiate.h"

static void
test_range (void) {
  static const struct {
    const char *header;
    gsize size;
    UsRange expected;
    gsize first, last;
  } rows[] = {
    { NULL, 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=0-0", 100, US_RANGE_PART, 0, 0 },
    { "bytes=10-19", 100, US_RANGE_PART, 10, 19 },
    { "BYTES=10-19", 100, US_RANGE_PART, 10, 19 },
    { "bytes=10-", 100, US_RANGE_PART, 10, 99 },
    { "bytes=10-1000", 100, US_RANGE_PART, 10, 99 },
    { "bytes=-1", 100, US_RANGE_PART, 99, 99 },
    { "bytes=-1000", 100, US_RANGE_PART, 0, 99 },
    { "bytes=99-", 100, US_RANGE_PART, 99, 99 },
    { "bytes=100-", 100, US_RANGE_UNSATISFIABLE, 0, 0 },
    { "bytes=100-200", 100, US_RANGE_UNSATISFIABLE, 0, 0 },
    { "bytes=-0", 100, US_RANGE_UNSATISFIABLE, 0, 0 },
    { "bytes=0-", 0, US_RANGE_UNSATISFIABLE, 0, 0 },
    { "bytes=-5", 0, US_RANGE_UNSATISFIABLE, 0, 0 },
    /* not understood: the whole */
    { "bytes=19-10", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=0-1,5-6", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=-", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes= 1-2", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=1-2 ", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=+1-2", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=--1", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=1--2", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=0x1-2", 100, US_RANGE_WHOLE, 0, 0 },
    { "items=0-1", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes 0-1", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=18446744073709551615-", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=0-18446744073709551616", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=-18446744073709551615", 100, US_RANGE_WHOLE, 0, 0 },
    { "bytes=999999999999999999-", 100, US_RANGE_UNSATISFIABLE, 0, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    gsize first = 0, last = 0;

    g_test_message ("%s", rows[i].header);
    g_assert_cmpint (us_negotiate_range (rows[i].header, rows[i].size, &first, &last), ==,
                     rows[i].expected);
    if (rows[i].expected == US_RANGE_PART) {
      g_assert_cmpuint (first, ==, rows[i].first);
      g_assert_cmpuint (last, ==, rows[i].last);
    }
  }
}

static void
test_etag (void) {
  static const struct {
    const char *header, *etag;
    gboolean expected;
  } rows[] = {
    { NULL, "\"a\"", FALSE },          { "\"a\"", NULL, FALSE },
    { "\"a\"", "\"a\"", TRUE },        { "W/\"a\"", "\"a\"", TRUE },
    { "\"a\"", "W/\"a\"", TRUE },      { "\"b\"", "\"a\"", FALSE },
    { "\"b\", \"a\"", "\"a\"", TRUE }, { "\"b\",W/\"a\" ,\"c\"", "\"a\"", TRUE },
    { " *", "\"a\"", TRUE },           { "\"a,b\"", "\"a,b\"", TRUE },
    { "\"aa\"", "\"a\"", FALSE },      { "a", "\"a\"", FALSE },
    { "\"a", "\"a\"", FALSE },         { "", "\"a\"", FALSE },
    { ",,,", "\"a\"", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].header);
    g_assert_cmpint (us_negotiate_etag_matches (rows[i].header, rows[i].etag), ==,
                     rows[i].expected);
  }
}

static void
test_if_match (void) {
  static const struct {
    const char *header, *etag;
    gboolean may_change;
  } rows[] = {
    { NULL, NULL, TRUE },          { NULL, "\"a\"", TRUE },
    { "\"a\"", "\"a\"", TRUE },    { "\"b\", \"a\"", "\"a\"", TRUE },
    { "\"b\"", "\"a\"", FALSE },   { "*", "\"a\"", TRUE },
    { "*", NULL, FALSE },          { "\"a\"", NULL, FALSE },
    { "W/\"a\"", "\"a\"", FALSE }, { "\"a\"", "W/\"a\"", FALSE },
    { "a", "\"a\"", FALSE },       { "", "\"a\"", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].header);
    g_assert_cmpint (us_negotiate_may_change (rows[i].header, rows[i].etag), ==,
                     rows[i].may_change);
  }
}

static void
test_gzip (void) {
  static const struct {
    const char *header;
    gboolean expected;
  } rows[] = {
    { NULL, FALSE },
    { "", FALSE },
    { "gzip", TRUE },
    { "gzip, deflate, br, zstd", TRUE },
    { "br;q=1.0, GZIP;q=0.8, *;q=0.1", TRUE },
    { "x-gzip", TRUE },
    { "deflate, br", FALSE },
    { "identity", FALSE },
    { "*", TRUE },
    { "*;q=0", FALSE },
    { "gzip;q=0", FALSE },
    { "gzip;q=0.000", FALSE },
    { "gzip ; q=0", FALSE },
    { "gzip;q=0.001", TRUE },
    { "gzip;q=0, *", FALSE },
    { "*, gzip;q=0", FALSE },
    { "*;q=0, gzip", TRUE },
    { "gzip;q=", TRUE },
    { "gzipped", FALSE },
    { ",,;q=0,,", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].header);
    g_assert_cmpint (us_negotiate_takes_gzip (rows[i].header), ==, rows[i].expected);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/negotiate/range", test_range);
  g_test_add_func ("/http/negotiate/etag", test_etag);
  g_test_add_func ("/http/negotiate/if-match", test_if_match);
  g_test_add_func ("/http/negotiate/gzip", test_gzip);
  return g_test_run ();
}
