/* test-gate.c - who is let in: addresses, keys in every place of an URL, guessing, second thoughts
 */
#include "ingest/gate.h"
#include "ingest/throttle.h"

#include <glib/gstdio.h>
#include <string.h>

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define KEY_ANY "cccccccccccccccccccccccccccccccc"
#define KEYS                                                                                       \
  "[a]\nkey = " KEY_A "\nstream = one\npriority = 1\n"                                             \
  "[b]\nkey = " KEY_B "\nstream = two\nallow = 192.0.2.0/24\nexpires = 2027-01-31\n"               \
  "[any]\nkey = " KEY_ANY "\nstream = *\n"
#define END_S 1801440000ll

typedef struct {
  char *dir, *path;
  UsFakeClock clock;
  UsGate *gate;
  guint n_answers;
  gboolean is_admitted;
  char *stream, *key_id, *text;
  guint priority;
} Fixture;

static void
on_judged (const UsGateResult *result, gpointer user_data) {
  Fixture *f = user_data;
  f->n_answers++;
  f->is_admitted = result->is_admitted;
  f->priority = result->priority;
  g_free (f->stream);
  g_free (f->key_id);
  g_free (f->text);
  f->stream = g_strdup (result->stream);
  f->key_id = g_strdup (result->key_id);
  f->text = g_strdup (result->text);
}

static UsPass *
ask (Fixture *f, const char *app, const char *key, const char *query, const char *host) {
  const UsRtmpPublish publish
      = { .app = app, .key = key, .query = query, .tc_url = "rtmp://h/x", .encoder = "test" };
  guint before = f->n_answers;
  UsPass *pass = us_gate_ask (f->gate, &publish, host, "peer:1", on_judged, f);
  g_assert_cmpuint (f->n_answers, ==, before + 1);
  return pass;
}

static gboolean
is_let_in (Fixture *f, const char *app, const char *key, const char *query, const char *host) {
  us_pass_free (ask (f, app, key, query, host));
  return f->is_admitted;
}

static void
write_keys (Fixture *f, const char *text) {
  g_autoptr (GError) error = NULL;
  g_assert_true (g_file_set_contents (f->path, text, -1, &error));
}

static void
make_gate (Fixture *f, UsOpenPublish open, gboolean has_keys) {
  g_autoptr (GError) error = NULL;
  UsGateSettings settings = { .keys_file = has_keys ? f->path : NULL,
                              .open = open,
                              .hook = { .timeout_ms = 1000 },
                              .default_stream = "mystream" };
  us_gate_free (f->gate);
  f->gate = us_gate_new (&settings, &f->clock.clock, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data) {
  f->dir = g_dir_make_tmp ("understudy-gate-XXXXXX", NULL);
  f->path = g_build_filename (f->dir, "keys.conf", NULL);
  us_fake_clock_init (&f->clock, 1, 1000 * (gint64)G_USEC_PER_SEC);
  write_keys (f, KEYS);
}

static void
tear_down (Fixture *f, gconstpointer data) {
  us_gate_free (f->gate);
  g_assert_cmpint (g_unlink (f->path), ==, 0);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->path);
  g_free (f->dir);
  g_free (f->stream);
  g_free (f->key_id);
  g_free (f->text);
}

static void
test_open (Fixture *f, gconstpointer data) {
  static const struct {
    const char *host;
    UsOpenPublish least; /* the first setting that lets it in */
  } rows[] = {
    { "127.0.0.1", US_OPEN_LOOPBACK },    { "127.9.9.9", US_OPEN_LOOPBACK },
    { "::1", US_OPEN_LOOPBACK },          { "10.255.0.9", US_OPEN_PRIVATE },
    { "172.31.255.9", US_OPEN_PRIVATE },  { "192.168.255.9", US_OPEN_PRIVATE },
    { "100.127.255.9", US_OPEN_PRIVATE }, { "169.254.255.9", US_OPEN_PRIVATE },
    { "fd12::9", US_OPEN_PRIVATE },       { "fe80::9", US_OPEN_PRIVATE },
    { "172.32.0.1", US_OPEN_ANY },        { "100.128.0.1", US_OPEN_ANY },
    { "198.51.100.77", US_OPEN_ANY },     { "2001:db8::1", US_OPEN_ANY },
  };
  for (UsOpenPublish open = US_OPEN_LOOPBACK; open <= US_OPEN_ANY; open++) {
    make_gate (f, open, FALSE);
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
      g_test_message ("%s, setting %u", rows[i].host, open);
      g_assert_cmpint (is_let_in (f, "live", "cam", "", rows[i].host), ==, open >= rows[i].least);
      if (f->is_admitted)
        g_assert_cmpstr (f->stream, ==, "cam");
    }
  }
  g_assert_true (is_let_in (f, "", "", "", "::1"));
  g_assert_cmpstr (f->stream, ==, "mystream");
  g_assert_false (is_let_in (f, "live", "a b", "", "::1"));
  g_assert_true (is_let_in (f, "live", "cam", "key=whatever", "::1"));
}

static void
test_places (Fixture *f, gconstpointer data) {
  static const struct {
    const char *app, *key, *query, *stream; /* stream NULL: denied */
  } rows[] = {
    { "live", KEY_A, "", "one" },
    { "live", KEY_A "/", "", "one" },
    { KEY_A, "", "", "one" },
    { "", KEY_A, "", "one" },
    { "live/one", KEY_A, "", "one" },
    { "live", "one", "key=" KEY_A, "one" },
    { "live", "one", "x=1&key=" KEY_A "&y=2", "one" },
    { "live", "", "key=" KEY_A, "one" },
    { "one", "", "key=" KEY_A, "one" },
    { "live", "any-name", "key=" KEY_ANY, "any-name" },
    { "live", "two", "key=" KEY_A, NULL },
    { "live", "one", "", NULL },
    { "live", "one", "key=", NULL },
    { "live", KEY_A, "key=wrong", NULL },
    { "live", "one", "key=aaaa", NULL },
    { "live", KEY_ANY, "", NULL },
    { "live", "a/b", "key=" KEY_ANY, NULL },
    { "live", "..", "key=" KEY_ANY, NULL },
    { "", "", "", NULL },
  };
  make_gate (f, US_OPEN_ANY, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    gboolean ok = is_let_in (f, rows[i].app, rows[i].key, rows[i].query, "127.0.0.1");
    g_assert_cmpint (ok, ==, rows[i].stream != NULL);
    if (ok) {
      g_assert_cmpstr (f->stream, ==, rows[i].stream);
      g_assert_cmpstr (f->key_id, ==, g_str_equal (rows[i].stream, "one") ? "a" : "any");
      g_assert_cmpuint (f->priority, ==, g_str_equal (rows[i].stream, "one") ? 1 : 0);
    } else {
      g_assert_null (strstr (f->text, "aaaa"));
      g_assert_null (strstr (f->text, "cccc"));
    }
    us_fake_clock_advance_us (&f->clock, US_THROTTLE_FORGET_US);
  }
}

/* Whatever is wrong with a key, its owner and a thief hear the same. */
static void
test_same_answer (Fixture *f, gconstpointer data) {
  make_gate (f, US_OPEN_ANY, TRUE);
  g_assert_false (is_let_in (f, "live", "no-such-key-of-ours", "", "192.0.2.1"));
  g_autofree char *unknown = g_strdup (f->text);
  g_assert_false (is_let_in (f, "live", KEY_B, "", "198.51.100.1"));
  g_assert_cmpstr (f->text, ==, unknown);
  g_assert_true (is_let_in (f, "live", KEY_B, "", "192.0.2.1"));
  f->clock.now_wall_us = END_S * G_USEC_PER_SEC;
  g_assert_false (is_let_in (f, "live", KEY_B, "", "192.0.2.1"));
  g_assert_cmpstr (f->text, ==, unknown);
}

static void
test_guessing (Fixture *f, gconstpointer data) {
  make_gate (f, US_OPEN_ANY, TRUE);
  for (guint i = 0; i < 6; i++) {
    g_autofree char *guess = g_strdup_printf ("guess-number-%u", i);
    g_assert_false (is_let_in (f, "live", guess, "", "192.0.2.1"));
  }
  g_assert_false (is_let_in (f, "live", KEY_A, "", "192.0.2.1")); /* has to wait, right or not */
  g_assert_true (is_let_in (f, "live", KEY_A, "", "192.0.2.2"));
  us_fake_clock_advance_us (&f->clock, G_USEC_PER_SEC);
  g_assert_true (is_let_in (f, "live", KEY_A, "", "192.0.2.1"));
}

/* A key that was wrong is right as soon as it is in the file. */
static void
test_new_key (Fixture *f, gconstpointer data) {
  static const char key[] = "dddddddddddddddddddddddddddddddd";
  make_gate (f, US_OPEN_ANY, TRUE);
  for (guint i = 0; i < 3; i++)
    g_assert_false (is_let_in (f, "live", key, "", "192.0.2.1"));
  write_keys (f, "[d]\nkey = dddddddddddddddddddddddddddddddd\nstream = one\n");
  g_assert_true (us_gate_reload (f->gate));
  g_assert_true (is_let_in (f, "live", key, "", "192.0.2.1"));
}

static void
test_review (Fixture *f, gconstpointer data) {
  guint priority = 99;
  make_gate (f, US_OPEN_ANY, TRUE);
  UsPass *a = ask (f, "live", KEY_A, "", "192.0.2.1");
  UsPass *b = ask (f, "live", KEY_B, "", "192.0.2.1");
  UsPass *any = ask (f, "live", "x", "key=" KEY_ANY, "192.0.2.1");
  g_assert_null (us_pass_review (a, FALSE, &priority));
  g_assert_null (us_pass_review (b, FALSE, &priority));
  /* time alone */
  f->clock.now_wall_us = END_S * G_USEC_PER_SEC;
  g_assert_cmpstr (us_pass_review (b, FALSE, &priority), ==, "its key has expired");
  f->clock.now_wall_us = 1000 * (gint64)G_USEC_PER_SEC;
  /* another id and priority, the key hashed: the publisher goes on */
  g_autofree char *hash = us_key_hash (NULL, KEY_A);
  g_autofree char *text = g_strdup_printf ("[renamed]\nkey = %s\nstream = one\npriority = 7\n"
                                           "[b]\nkey = " KEY_B "\nstream = two\nenabled = false\n"
                                           "[any]\nkey = " KEY_ANY "\nstream = y\n",
                                           hash);
  write_keys (f, text);
  g_assert_true (us_gate_reload (f->gate));
  g_assert_null (us_pass_review (a, TRUE, &priority));
  g_assert_cmpuint (priority, ==, 7);
  g_assert_cmpstr (us_pass_get_key_id (a), ==, "renamed");
  g_assert_cmpstr (us_pass_review (b, TRUE, &priority), ==, "its key was taken back");
  g_assert_cmpstr (us_pass_review (any, TRUE, &priority), ==, "its key is for another stream now");
  write_keys (f, "[a]\nkey = " KEY_A "\nstream = other\n");
  g_assert_true (us_gate_reload (f->gate));
  g_assert_cmpstr (us_pass_review (a, TRUE, &priority), ==, "its key is for another stream now");
  write_keys (f, "[a]\nkey = " KEY_A "\nstream = one\nallow = 10.0.0.0/8\n");
  g_assert_true (us_gate_reload (f->gate));
  g_assert_cmpstr (us_pass_review (a, TRUE, &priority), ==,
                   "its key may not be used from its address any more");
  write_keys (f, "");
  g_assert_true (us_gate_reload (f->gate));
  g_assert_cmpstr (us_pass_review (a, TRUE, &priority), ==, "its key was taken back");
  write_keys (f, "nonsense");
  g_assert_false (us_gate_reload (f->gate));
  us_pass_free (a);
  us_pass_free (b);
  us_pass_free (any);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/gate/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("open", test_open);
  ADD ("places", test_places);
  ADD ("same-answer", test_same_answer);
  ADD ("guessing", test_guessing);
  ADD ("new-key", test_new_key);
  ADD ("review", test_review);
  return g_test_run ();
}
