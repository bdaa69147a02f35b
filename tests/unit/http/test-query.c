/* test-query.c - parameters of a URL, by tables */
#include "http/message.h"
#include "http/query.h"

#include <string.h>

static const char *const words[] = { "open", "resolved", NULL };

typedef struct {
  const char *text;
  gint64 limit, time_us;
  gboolean is_all;
  int state;
  guint n_kinds;
} Read;

/* Returns: (transfer full): the body of the problem; NULL: none */
static char *
read_all (const char *raw, Read *got) {
  g_autoptr (UsQuery) query = us_query_new (raw);
  UsHttpResponse response = { 0 };
  char *problem = NULL;

  const char *text = us_query_text (query, "q", 5);
  got->text = g_intern_string (text);
  got->limit = us_query_integer (query, "limit", 50, 1, 500);
  got->is_all = us_query_flag (query, "all", FALSE);
  got->state = us_query_word (query, "state", words, -1);
  got->time_us = us_query_time (query, "from", 7);
  const char *const *kinds = us_query_list (query, "kinds", 3);
  got->n_kinds = kinds != NULL ? g_strv_length ((char **)kinds) : 0;
  if (!us_query_end (query, &response)) {
    gsize size;
    const char *body = g_bytes_get_data (response.body, &size);
    g_assert_cmpuint (response.status, ==, 400);
    problem = g_strndup (body, size);
  }
  us_http_response_clear (&response);
  return problem;
}

static void
test_good (void) {
  static const struct {
    const char *raw;
    Read expected;
  } cases[] = {
    { "", { NULL, 50, 7, FALSE, -1, 0 } },
    { "&&", { NULL, 50, 7, FALSE, -1, 0 } },
    { "q=a%20b+c", { "a b c", 50, 7, FALSE, -1, 0 } },
    { "q=%c3%a4%c3%a4%c3%a4%c3%a4%c3%a4", { "äääää", 50, 7, FALSE, -1, 0 } },
    { "limit=1&all", { NULL, 1, 7, TRUE, -1, 0 } },
    { "limit=500&all=true&state=resolved", { NULL, 500, 7, TRUE, 1, 0 } },
    { "all=0&state=open&kinds=a,b,c", { NULL, 50, 7, FALSE, 0, 3 } },
    { "all=false&kinds=a", { NULL, 50, 7, FALSE, -1, 1 } },
    { "%6cimit=3", { NULL, 3, 7, FALSE, -1, 0 } },
    { "from=0", { NULL, 50, 0, FALSE, -1, 0 } },
    { "from=1700000000", { NULL, 50, G_GINT64_CONSTANT (1700000000000000), FALSE, -1, 0 } },
    { "from=1700000000123", { NULL, 50, G_GINT64_CONSTANT (1700000000123000), FALSE, -1, 0 } },
    { "from=2023-11-14T22:13:20Z",
      { NULL, 50, G_GINT64_CONSTANT (1700000000000000), FALSE, -1, 0 } },
    { "from=2023-11-15T00:13:20+02:00",
      { NULL, 50, G_GINT64_CONSTANT (1700000000000000), FALSE, -1, 0 } },
    { "from=2023-11-15T00:13:20.5%2B02:00",
      { NULL, 50, G_GINT64_CONSTANT (1700000000500000), FALSE, -1, 0 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Read got;
    g_autofree char *problem = read_all (cases[i].raw, &got);

    g_test_message ("%s", cases[i].raw);
    g_assert_cmpstr (problem, ==, NULL);
    g_assert_cmpstr (got.text, ==, cases[i].expected.text);
    g_assert_cmpint (got.limit, ==, cases[i].expected.limit);
    g_assert_cmpint (got.time_us, ==, cases[i].expected.time_us);
    g_assert_cmpint (got.is_all, ==, cases[i].expected.is_all);
    g_assert_cmpint (got.state, ==, cases[i].expected.state);
    g_assert_cmpuint (got.n_kinds, ==, cases[i].expected.n_kinds);
  }
}

static void
test_bad (void) {
  static const struct {
    const char *raw, *parameter, *words;
  } cases[] = {
    { "limit=0", "limit", "1 to 500, not \\\"0\\\"" },
    { "limit=501", "limit", "1 to 500" },
    { "limit=", "limit", "1 to 500" },
    { "limit=1x", "limit", "1 to 500" },
    { "limit=%201", "limit", "1 to 500" },
    { "limit=99999999999999999999", "limit", "1 to 500" },
    { "limit=1&limit=2", "limit", "twice" },
    { "all=yes", "all", "true or false" },
    { "state=Open", "state", "open, resolved" },
    { "q=", "q", "1 to 5" },
    { "q=123456", "q", "1 to 5" },
    { "q=%0a", "q", "control" },
    { "q=%c2%85", "q", "control" },
    { "q=%00", "q", "percent" },
    { "q=%ff", "q", "percent" },
    { "q=%zz", "q", "percent" },
    { "%ff=1", "?", "percent" },
    { "from=yesterday", "from", "a time like" },
    { "from=-1", "from", "a time like" },
    { "from=1960-01-01T00:00:00Z", "from", "a time like" },
    { "from=99999999999999999", "from", "a time like" },
    { "kinds=", "kinds", "1 to 3" },
    { "kinds=a,,b", "kinds", "1 to 3" },
    { "kinds=a,b,c,d", "kinds", "1 to 3" },
    { "page=2", "page", "possible: q, limit, all, state, from, kinds" },
    { "=x", "", "possible" },
    { "Limit=2", "Limit", "means nothing" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Read got;
    g_autofree char *problem = read_all (cases[i].raw, &got);
    g_autofree char *member = g_strdup_printf ("\"parameter\":\"%s\"", cases[i].parameter);

    g_test_message ("%s: %s", cases[i].raw, problem);
    g_assert_nonnull (problem);
    g_assert_nonnull (strstr (problem, cases[i].words));
    g_assert_nonnull (strstr (problem, member));
  }
}

static void
test_many (void) {
  g_autoptr (GString) raw = g_string_new (NULL);

  for (guint i = 0; i < 10000; i++)
    g_string_append_printf (raw, "a%u=1&", i);
  Read got;
  g_autofree char *problem = read_all (raw->str, &got);
  g_assert_nonnull (strstr (problem, "too many"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/query/good", test_good);
  g_test_add_func ("/http/query/bad", test_bad);
  g_test_add_func ("/http/query/many", test_many);
  return g_test_run ();
}
