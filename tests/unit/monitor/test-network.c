/* test-network.c - our own network's faults, told from theirs */
#include "monitor/network.h"

#define S ((gint64)G_USEC_PER_SEC)

static void
test_related (void) {
  static const struct {
    const char *a, *b;
    gboolean expected;
  } rows[] = {
    { "example.com", "example.com", TRUE },
    { "a.cdn.example", "b.cdn.example", TRUE },
    { "cdn.example", "b.CDN.example", TRUE },
    { "a.example", "b.example", FALSE },
    { "example.com", "example.org", FALSE },
    { "192.0.2.1", "192.0.2.200", TRUE },
    { "192.0.2.1", "198.51.100.1", FALSE },
    { "[2001:db8:1::1]", "[2001:db8:1:5::2]", TRUE },
    { "[2001:db8:1::1]", "[2001:db8:2::1]", FALSE },
    { "192.0.2.1", "example.com", FALSE },
    { "", "", TRUE },
    { "localhost", "localhost", TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s %s", rows[i].a, rows[i].b);
    g_assert_cmpint (us_network_are_related (rows[i].a, rows[i].b), ==, rows[i].expected);
    g_assert_cmpint (us_network_are_related (rows[i].b, rows[i].a), ==, rows[i].expected);
  }
  g_assert_true (us_network_is_here ("127.0.0.1") && us_network_is_here ("[::1]")
                 && us_network_is_here ("localhost"));
  g_assert_false (us_network_is_here ("192.0.2.1") || us_network_is_here ("example.com")
                  || us_network_is_here (""));
}

#define WELL(host)                                                                                 \
  { host, FALSE, FALSE, FALSE, 0, FALSE }
#define ILL(host, at)                                                                              \
  { host, FALSE, TRUE, TRUE, (at)*S, FALSE }
#define HERE_ILL(at)                                                                               \
  { "127.0.0.1", TRUE, TRUE, TRUE, (at)*S, FALSE }
#define BAD(host)                                                                                  \
  { host, FALSE, FALSE, TRUE, 0, FALSE } /* answers, with bad statuses */

static void
test_judge (void) {
  static const struct {
    const char *what;
    UsNeighbour neighbours[6];
    guint n;
    UsLocalNetwork local;
    gboolean is_down;
  } rows[] = {
    { "nobody", { WELL ("a.one") }, 0, US_LOCAL_UNKNOWN, FALSE },
    { "all well", { WELL ("a.one"), WELL ("a.two") }, 2, US_LOCAL_UNKNOWN, FALSE },
    { "one of one", { ILL ("a.one", 5) }, 1, US_LOCAL_UNKNOWN, FALSE },
    { "one host of two", { ILL ("a.one", 5), WELL ("a.two") }, 2, US_LOCAL_UNKNOWN, FALSE },
    { "one host, all its streams",
      { ILL ("a.one", 5), ILL ("a.one", 5), ILL ("a.one", 6), WELL ("a.two") },
      4,
      US_LOCAL_UNKNOWN,
      FALSE },
    { "two of two", { ILL ("a.one", 5), ILL ("b.two", 9) }, 2, US_LOCAL_UNKNOWN, TRUE },
    { "two of two, not together",
      { ILL ("a.one", 5), ILL ("b.two", 25) },
      2,
      US_LOCAL_UNKNOWN,
      FALSE },
    { "two of two, one house",
      { ILL ("a.cdn.one", 5), ILL ("b.cdn.one", 6) },
      2,
      US_LOCAL_UNKNOWN,
      FALSE },
    { "half of four",
      { ILL ("a.one", 5), ILL ("b.two", 6), WELL ("c.three"), WELL ("d.four") },
      4,
      US_LOCAL_UNKNOWN,
      TRUE },
    { "less than half",
      { ILL ("a.one", 5), ILL ("b.two", 6), WELL ("c.three"), WELL ("d.four"), WELL ("e.five") },
      5,
      US_LOCAL_UNKNOWN,
      FALSE },
    { "this machine needs none",
      { ILL ("a.one", 5), HERE_ILL (5), HERE_ILL (6) },
      3,
      US_LOCAL_UNKNOWN,
      FALSE },
    { "answers are answers", { BAD ("a.one"), BAD ("b.two") }, 2, US_LOCAL_UNKNOWN, FALSE },
    { "the local probe says no", { ILL ("a.one", 5), WELL ("b.two") }, 2, US_LOCAL_DOWN, TRUE },
    { "the local probe says yes", { ILL ("a.one", 5), ILL ("b.two", 6) }, 2, US_LOCAL_UP, FALSE },
    { "an old fault beside",
      { ILL ("a.one", 5), ILL ("b.two", 500), ILL ("c.three", 501), WELL ("d.four") },
      4,
      US_LOCAL_UNKNOWN,
      TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsNetworkView view;
    g_test_message ("%s", rows[i].what);
    us_network_judge (rows[i].neighbours, rows[i].n, rows[i].local, &view);
    g_assert_cmpint (view.is_down, ==, rows[i].is_down);
  }
}

static void
test_symptoms (void) {
  UsNeighbour neighbours[]
      = { ILL ("a.one", 5), BAD ("a.one"), ILL ("b.two", 8), WELL ("c.three"), HERE_ILL (5) };
  UsSymptoms symptoms;
  us_symptoms_init (&symptoms);
  neighbours[3].is_slow = TRUE;
  us_network_fill_symptoms (neighbours, G_N_ELEMENTS (neighbours), 0, US_LOCAL_UNKNOWN, &symptoms);
  g_assert_cmpuint (symptoms.n_streams, ==, 4);
  g_assert_cmpuint (symptoms.n_streams_failing, ==, 2);
  g_assert_cmpuint (symptoms.n_hosts, ==, 3);
  g_assert_cmpuint (symptoms.n_hosts_failing, ==, 2);
  g_assert_cmpuint (symptoms.n_host_streams, ==, 2);
  g_assert_cmpuint (symptoms.n_host_streams_failing, ==, 2);
  g_assert_true (symptoms.is_failing_together);
  g_assert_true (symptoms.is_slow_elsewhere);
  /* Another host counts as well when it has answered since this one began to fail. */
  g_assert_cmpuint (symptoms.n_hosts_answering, ==, 0);
  neighbours[3].answered_us = neighbours[0].failing_since_us;
  us_network_fill_symptoms (neighbours, G_N_ELEMENTS (neighbours), 0, US_LOCAL_UNKNOWN, &symptoms);
  g_assert_cmpuint (symptoms.n_hosts_answering, ==, 0);
  neighbours[3].answered_us++;
  us_network_fill_symptoms (neighbours, G_N_ELEMENTS (neighbours), 0, US_LOCAL_UNKNOWN, &symptoms);
  g_assert_cmpuint (symptoms.n_hosts_answering, ==, 1);
  g_assert_false (symptoms.is_local_net_down);
}

/* Five thousand streams are judged twice a second. */
static void
test_many (void) {
  g_autofree UsNeighbour *neighbours = g_new0 (UsNeighbour, 5000);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < 5000; i++) {
    g_ptr_array_add (names, g_strdup_printf ("h%u.example%u.com", i, i));
    neighbours[i] = (UsNeighbour){ .host = names->pdata[i],
                                   .is_failing = i % 2 == 0,
                                   .failing_since_us = 1 + i };
  }
  UsNetworkView view;
  gint64 begun_us = g_get_monotonic_time ();
  us_network_judge (neighbours, 5000, US_LOCAL_UNKNOWN, &view);
  g_test_message ("%" G_GINT64_FORMAT " us", g_get_monotonic_time () - begun_us);
  g_assert_true (view.is_down);
  g_assert_cmpuint (view.n_hosts, ==, 5000);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/network/related", test_related);
  g_test_add_func ("/monitor/network/judge", test_judge);
  g_test_add_func ("/monitor/network/symptoms", test_symptoms);
  g_test_add_func ("/monitor/network/many", test_many);
  return g_test_run ();
}
