/* test-admission.c - budgets per host and in all; hosts that hang; fair turns */
#include "monitor/admission.h"

#include <string.h>

#define N 400

typedef struct {
  UsTicket ticket;
  char host[16], stream[16];
  guint order; /* of admission, from 1 */
} Request;

typedef struct {
  UsAdmission *admission;
  Request requests[N];
  guint n_admitted;
  guint most;
} Stage;

static void
on_admitted (UsTicket *ticket, gpointer user_data) {
  Stage *stage = user_data;
  Request *request = (Request *)ticket;
  g_assert_cmpint (ticket->state, ==, US_TICKET_RUNNING);
  g_assert_cmpuint (request->order, ==, 0);
  request->order = ++stage->n_admitted;
}

static Stage *
stage_new (guint max_per_host, guint max_requests) {
  Stage *stage = g_new0 (Stage, 1);
  stage->most = G_MAXUINT;
  stage->admission = us_admission_new (max_per_host, max_requests, on_admitted, stage);
  return stage;
}

static void
stage_free (Stage *stage) {
  us_admission_free (stage->admission);
  g_free (stage);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stage, stage_free)

static void
enter (Stage *stage, guint index, const char *host, const char *stream) {
  Request *request = &stage->requests[index];
  g_strlcpy (request->host, host, sizeof request->host);
  g_strlcpy (request->stream, stream, sizeof request->stream);
  request->order = 0;
  us_admission_enter (stage->admission, &request->ticket, host, stream, stage->most);
}

static void
leave (Stage *stage, guint index, UsLeft how) {
  us_admission_leave (stage->admission, &stage->requests[index].ticket, how);
}

static void
assert_counts (const Stage *stage, guint n_running, guint n_waiting) {
  guint running, waiting;
  us_admission_get_counts (stage->admission, &running, &waiting);
  g_assert_cmpuint (running, ==, n_running);
  g_assert_cmpuint (waiting, ==, n_waiting);
}

static void
test_budgets (void) {
  g_autoptr (Stage) stage = stage_new (3, 8);
  for (guint i = 0; i < 5; i++)
    enter (stage, i, "a", "one");
  assert_counts (stage, 3, 2);
  for (guint i = 5; i < 15; i++)
    enter (stage, i, i % 2 ? "b" : "c", "two");
  assert_counts (stage, 8, 7);
  leave (stage, 0, US_LEFT_ANSWERED);
  assert_counts (stage, 8, 6);
  leave (stage, 4, US_LEFT_UNWANTED); /* it waited */
  leave (stage, 4, US_LEFT_UNWANTED); /* twice does no harm */
  for (guint i = 0; i < 15; i++)
    leave (stage, i, US_LEFT_ANSWERED);
  assert_counts (stage, 0, 0);
}

/* One stream with many renditions does not push the others of its host aside. */
static void
test_turns (void) {
  g_autoptr (Stage) stage = stage_new (1, 8);
  for (guint i = 0; i < 50; i++)
    enter (stage, i, "a", "many");
  enter (stage, 50, "a", "few");
  enter (stage, 51, "a", "other");
  for (guint i = 0; stage->requests[50].order == 0 || stage->requests[51].order == 0; i++)
    leave (stage, i, US_LEFT_ANSWERED);
  g_assert_cmpuint (stage->requests[50].order, <=, 3);
  g_assert_cmpuint (stage->requests[51].order, <=, 4);
  for (guint i = 0; i < 52; i++)
    leave (stage, i, US_LEFT_UNWANTED);
  assert_counts (stage, 0, 0);
}

/* What has a small budget keeps to it, and stands in nobody's way. */
static void
test_small (void) {
  g_autoptr (Stage) stage = stage_new (4, 8);
  stage->most = 2;
  for (guint i = 0; i < 50; i++)
    enter (stage, i, "unknown", "many");
  assert_counts (stage, 2, 48);
  stage->most = G_MAXUINT;
  for (guint i = 50; i < 60; i++)
    enter (stage, i, "known", "many");
  assert_counts (stage, 6, 54);
  leave (stage, 0, US_LEFT_HUNG);
  leave (stage, 1, US_LEFT_ANSWERED);
  assert_counts (stage, 6, 52);
  for (guint i = 2; i < 60; i++)
    leave (stage, i, US_LEFT_UNWANTED);
  assert_counts (stage, 0, 0);
}

/* Ten hosts that hang leave three quarters of the whole to the others. */
static void
test_hanging (void) {
  g_autoptr (Stage) stage = stage_new (4, 40);
  guint n = 0;
  for (guint host = 0; host < 10; host++) {
    g_autofree char *name = g_strdup_printf ("hung-%u", host);
    for (guint i = 0; i < 8; i++)
      enter (stage, n++, name, "x");
  }
  assert_counts (stage, 40, 40);
  for (guint i = 0; i < n; i++)
    if (stage->requests[i].ticket.state == US_TICKET_RUNNING && stage->requests[i].order <= 40)
      leave (stage, i, US_LEFT_HUNG);
  assert_counts (stage, 10, 30);
  g_assert_true (us_admission_is_suspect (stage->admission, "hung-3"));
  for (guint i = 0; i < 30; i++) {
    g_autofree char *name = g_strdup_printf ("good-%u", i);
    enter (stage, n + i, name, "y");
    g_assert_cmpuint (stage->requests[n + i].order, >, 0);
  }
  assert_counts (stage, 40, 30);
  /* A cancelled request says nothing of its host, an answered one everything. */
  guint running = 0;
  while (stage->requests[running].ticket.state != US_TICKET_RUNNING)
    running++;
  const char *host = stage->requests[running].host;
  leave (stage, running, US_LEFT_UNWANTED);
  g_assert_true (us_admission_is_suspect (stage->admission, host));
  for (guint i = 0; i < n + 30; i++)
    leave (stage, i, US_LEFT_ANSWERED);
  assert_counts (stage, 0, 0);
  g_assert_false (us_admission_is_suspect (stage->admission, "good-1"));
}

/* Suspects share their quarter by turns as well: none waits for ever. */
static void
test_suspects_turns (void) {
  g_autoptr (Stage) stage = stage_new (4, 8); /* a quarter: 2 */
  for (guint i = 0; i < 40; i++) {
    g_autofree char *name = g_strdup_printf ("hung-%u", i % 10);
    enter (stage, i, name, "x");
  }
  guint n_left = 0;
  for (guint round = 0; round < 40 && n_left < 40; round++)
    for (guint i = 0; i < 40; i++)
      if (stage->requests[i].ticket.state == US_TICKET_RUNNING) {
        leave (stage, i, US_LEFT_HUNG);
        n_left++;
      }
  g_assert_cmpuint (n_left, ==, 40);
  guint last_of_first[10] = { 0 };
  for (guint i = 0; i < 40; i++)
    last_of_first[i % 10] = MAX (last_of_first[i % 10], stage->requests[i].order);
  for (guint i = 0; i < 10; i++) {
    g_assert_cmpuint (stage->requests[i].order, <=, 20);
    g_assert_cmpuint (last_of_first[i], >, 20);
  }
}

/* A suspect that answers has its whole budget again at once. */
static void
test_recovery (void) {
  g_autoptr (Stage) stage = stage_new (4, 40);
  enter (stage, 0, "a", "x");
  leave (stage, 0, US_LEFT_HUNG);
  for (guint i = 0; i < 6; i++)
    enter (stage, i, "a", "x");
  assert_counts (stage, 2, 4);
  leave (stage, 0, US_LEFT_ANSWERED);
  assert_counts (stage, 4, 1);
  g_assert_false (us_admission_is_suspect (stage->admission, "a"));
  for (guint i = 0; i < 6; i++)
    leave (stage, i, US_LEFT_ANSWERED);
  assert_counts (stage, 0, 0);
}

/* Whatever happens in whatever order, the books balance and nobody waits with room free. */
static void
test_random (void) {
  g_autoptr (Stage) stage = stage_new (3, 20);
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  for (guint step = 0; step < 50000; step++) {
    guint index = (guint)g_rand_int_range (rand, 0, N);
    g_autofree char *host = g_strdup_printf ("h%d", g_rand_int_range (rand, 0, 12));
    g_autofree char *stream = g_strdup_printf ("s%d", g_rand_int_range (rand, 0, 40));
    if (stage->requests[index].ticket.state == US_TICKET_IDLE)
      enter (stage, index, host, stream);
    else
      leave (stage, index, (UsLeft)g_rand_int_range (rand, 0, 3));
    guint n_running = 0, n_waiting = 0;
    GHashTable *by_host = g_hash_table_new (g_str_hash, g_str_equal);
    for (guint i = 0; i < N; i++) {
      Request *request = &stage->requests[i];
      n_waiting += request->ticket.state == US_TICKET_WAITING;
      if (request->ticket.state != US_TICKET_RUNNING)
        continue;
      guint of_host = GPOINTER_TO_UINT (g_hash_table_lookup (by_host, request->host)) + 1;
      g_hash_table_insert (by_host, request->host, GUINT_TO_POINTER (of_host));
      g_assert_cmpuint (of_host, <=, 3);
      n_running++;
    }
    assert_counts (stage, n_running, n_waiting);
    g_assert_cmpuint (n_running, <=, 20);
    for (guint i = 0; i < N && n_running < 20; i++) {
      Request *request = &stage->requests[i];
      if (request->ticket.state == US_TICKET_WAITING
          && !us_admission_is_suspect (stage->admission, request->host))
        g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (by_host, request->host)), ==, 3);
    }
    g_hash_table_unref (by_host);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/admission/budgets", test_budgets);
  g_test_add_func ("/monitor/admission/turns", test_turns);
  g_test_add_func ("/monitor/admission/small", test_small);
  g_test_add_func ("/monitor/admission/hanging", test_hanging);
  g_test_add_func ("/monitor/admission/suspects-turns", test_suspects_turns);
  g_test_add_func ("/monitor/admission/recovery", test_recovery);
  g_test_add_func ("/monitor/admission/random", test_random);
  return g_test_run ();
}
