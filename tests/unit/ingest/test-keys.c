/* test-keys.c - keys files, good and bad, and what a key is worth */
#include "ingest/keys.h"

#include <string.h>

#define SECRET "correct-horse-battery"
static UsKeys *
parse (const char *text) {
  g_autoptr (GError) error = NULL;
  UsKeys *keys = us_keys_parse ("keys.conf", text, strlen (text), &error);
  g_assert_no_error (error);
  return keys;
}

static void
test_whole (void) {
  g_autoptr (UsKeys) keys = parse ("# ours\n"
                                   "\n"
                                   "[studio-1]\r\n"
                                   "  key = " SECRET "\n"
                                   "stream=mystream\n"
                                   "allow = 192.0.2.0/24, 2001:db8::/32\n"
                                   "expires = 2027-01-31T18:00:00+01:00\n"
                                   "priority = 3\n"
                                   "; off for now\n"
                                   "[b]\n"
                                   "key = short\n"
                                   "stream = *\n"
                                   "enabled = false");
  g_assert_cmpuint (us_keys_get_n (keys), ==, 2);
  const UsKey *a = us_keys_get (keys, 0), *b = us_keys_get (keys, 1);
  g_assert_cmpstr (a->id, ==, "studio-1");
  g_assert_cmpstr (a->stream, ==, "mystream");
  g_assert_cmpstr (a->allow, ==, "192.0.2.0/24, 2001:db8::/32");
  g_assert_cmpint (a->expires_s, ==, 1801414800);
  g_assert_cmpuint (a->priority, ==, 3);
  g_assert_true (a->is_enabled && !a->is_hashed && !a->is_short);
  g_assert_cmpstr (b->stream, ==, "*");
  g_assert_true (!b->is_enabled && b->is_short);
  g_assert_cmpuint (b->line, ==, 10);
}

static void
test_bad_files (void) {
  static const struct {
    const char *text, *message;
  } rows[] = {
    { "key = a\n", "k:1: a setting before" },
    { "[a]\nkey = x\n", "k:1: [a] has no stream" },
    { "[a]\nstream = x\n\n[b]\n", "k:1: [a] has no key" },
    { "[a]\nkey = x\nstream = s\n[a]\n", "k:4: [a] stands in line 1" },
    { "[a]\nkey = same\nstream = s\n[b]\nkey = same\n",
      "k:5: key: the same as that of [a] in line 1" },
    { "[a]\nkey = x\nkey = y\n", "k:3: key stands twice" },
    { "[a\n", "k:1: the group has no ]" },
    { "[]\n", "k:1: the id of a key must not be empty" },
    { "[a b]\n", "k:1: the id of a key may hold only" },
    { "[a]\nnonsense\n", "k:2: neither [id]" },
    { "[a]\nkeys = x\n", "k:2: 'keys' is no setting" },
    { "[a]\nkey =\n", "k:2: key: has 0 characters" },
    { "[a]\nkey = a b\n", "k:2: key: may hold" },
    { "[a]\nkey = a/b\n", "k:2: key: may hold" },
    { "[a]\nkey = sha256:zz\n", "k:2: key: a hash reads" },
    { "[a]\nkey = sha256:a:b:0000000000000000000000000000000000000000000000000000000000000000\n",
      "k:2: key: a hash reads" },
    { "[a]\nkey = sha256::000000000000000000000000000000000000000000000000000000000000000g\n",
      "k:2: key: the hash is not" },
    { "[a]\nstream = ../x\n", "k:2: stream: the name must not start with a dot" },
    { "[a]\nstream = a/x\n", "k:2: stream: the name may hold only" },
    { "[a]\nallow = 192.0.2.0/33\n", "k:2: allow: '192.0.2.0/33'" },
    /* GLib takes a length that it cannot store for 0: everybody */
    { "[a]\nallow = 0.0.0.0/999\n", "k:2: allow: '0.0.0.0/999'" },
    { "[a]\nallow = ::/104022\n", "k:2: allow: '::/104022'" },
    { "[a]\nallow = 0.0.0.0/-1\n", "k:2: allow: '0.0.0.0/-1'" },
    { "[a]\nallow = everybody\n", "k:2: allow: 'everybody'" },
    { "[a]\nexpires = tomorrow\n", "k:2: expires: 'tomorrow'" },
    { "[a]\nexpires = 2027-02-30\n", "k:2: expires: '2027-02-30'" },
    { "[a]\nexpires = 1960-01-01\n", "k:2: expires: '1960-01-01'" },
    { "[a]\npriority = -1\n", "k:2: priority: '-1'" },
    { "[a]\npriority = 100\n", "k:2: priority: '100'" },
    { "[a]\nenabled = yes\n", "k:2: enabled: 'yes'" },
    { "[a]\n\xff\n", "k:0: the file is not UTF-8" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_test_message ("%s", rows[i].message);
    g_assert_null (us_keys_parse ("k", rows[i].text, strlen (rows[i].text), &error));
    g_assert_nonnull (error);
    g_test_message ("%s", error->message);
    g_assert_true (error->domain == US_KEYS_ERROR);
    g_assert_true (g_str_has_prefix (error->message, rows[i].message));
  }
}

/* A key in the wrong place is not repeated by the message about it. */
static void
test_messages_are_silent (void) {
  static const char *const texts[] = {
    "[a]\nkey = " SECRET "?\n",
    "[a]\nkey = x\nstream = s\n" SECRET "\n",
    "[a]\nkey = " SECRET "\nstream = s\n[b]\nkey = " SECRET "\nstream = s\n",
    "[a]\nstream = " SECRET "@\n",
    "[" SECRET "@]\n",
    "[a]\n" SECRET "==\n",
    "[a]\n" SECRET " = key\n",
  };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (us_keys_parse ("k", texts[i], strlen (texts[i]), &error));
    g_assert_null (strstr (error->message, SECRET));
    g_assert_null (strstr (error->message, "horse")); /* nor is a part of it */
  }
}

static void
test_limits (void) {
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i <= US_KEYS_MAX; i++)
    g_string_append_printf (text, "[k%u]\nkey=key-number-%u-%u\nstream=s\n", i, i, i);
  g_assert_null (us_keys_parse ("k", text->str, text->len, &error));
  g_assert_error (error, US_KEYS_ERROR, US_KEYS_ERROR_LIMIT);
  g_clear_error (&error);
  g_string_truncate (text, 0);
  for (guint i = 0; i <= US_KEYS_MAX_LINE; i++)
    g_string_append_c (text, '#');
  g_assert_null (us_keys_parse ("k", text->str, text->len, &error));
  g_assert_error (error, US_KEYS_ERROR, US_KEYS_ERROR_LIMIT);
  g_clear_error (&error);
  g_autoptr (UsKeys) none = us_keys_parse ("k", "", 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (us_keys_get_n (none), ==, 0);
  g_autofree char *large = g_strnfill (US_KEYS_MAX_FILE + 1, '\n');
  g_assert_null (us_keys_parse ("k", large, US_KEYS_MAX_FILE + 1, &error));
  g_assert_error (error, US_KEYS_ERROR, US_KEYS_ERROR_LIMIT);
}

static void
test_check (void) {
  g_autofree char *hash = us_key_hash ("cafe", "another-good-secret");
  g_autofree char *text
      = g_strdup_printf ("[plain]\nkey = %s\nstream = one\nallow = 192.0.2.0/24 2001:db8::/32\n"
                         "[hashed]\nkey = %s\nstream = two\nexpires = 2027-01-31\npriority = 2\n"
                         "[any]\nkey = key-for-all-streams\nstream = *\n"
                         "[off]\nkey = a-key-that-is-off\nstream = one\nenabled = false\n",
                         SECRET, hash);
  g_autoptr (UsKeys) keys = parse (text);
  const gint64 end_s = 1801440000; /* 2027-02-01T00:00:00Z */
  const struct {
    const char *secret, *stream, *host;
    gint64 now_s;
    UsKeyVerdict verdict;
    const char *id;
  } rows[] = {
    { SECRET, NULL, "192.0.2.7", 1, US_KEY_OK, "plain" },
    { SECRET, "one", "2001:db8::1", 1, US_KEY_OK, "plain" },
    { SECRET, "two", "192.0.2.7", 1, US_KEY_STREAM, "plain" },
    { SECRET, NULL, "192.0.3.7", 1, US_KEY_ADDRESS, "plain" },
    { SECRET, NULL, "", 1, US_KEY_ADDRESS, "plain" },
    { "another-good-secret", NULL, "::1", end_s - 1, US_KEY_OK, "hashed" },
    { "another-good-secret", NULL, "::1", end_s, US_KEY_EXPIRED, "hashed" },
    { "key-for-all-streams", "whatever", "::1", 1, US_KEY_OK, "any" },
    { "key-for-all-streams", NULL, "::1", 1, US_KEY_STREAM, "any" },
    { "a-key-that-is-off", NULL, "::1", 1, US_KEY_DISABLED, "off" },
    { "", NULL, "::1", 1, US_KEY_UNKNOWN, NULL },
    { "correct-horse-batter", NULL, "192.0.2.7", 1, US_KEY_UNKNOWN, NULL },
    { "correct-horse-batteryy", NULL, "192.0.2.7", 1, US_KEY_UNKNOWN, NULL },
    { "one", NULL, "192.0.2.7", 1, US_KEY_UNKNOWN, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const UsKey *key = NULL;
    g_test_message ("row %u", i);
    g_assert_cmpint (
        us_keys_check (keys, rows[i].secret, rows[i].stream, rows[i].host, rows[i].now_s, &key), ==,
        rows[i].verdict);
    g_assert_cmpstr (key != NULL ? key->id : NULL, ==, rows[i].id);
  }
  const UsKey *key = NULL;
  g_assert_cmpint (us_keys_check (keys, hash, NULL, "::1", 1, &key), ==, US_KEY_UNKNOWN);
}

/* printf cafeabc | sha256sum, and the same without salt */
static void
test_hash (void) {
  g_autofree char *salted = us_key_hash ("cafe", "abc");
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "cafeabc", -1);
  g_autofree char *expected = g_strconcat ("sha256:cafe:", sum, NULL);
  g_assert_cmpstr (salted, ==, expected);
  g_autofree char *one = us_key_hash (NULL, "abc"), *other = us_key_hash (NULL, "abc");
  g_assert_cmpstr (one, !=, other);
  g_autoptr (UsKeys) keys
      = parse ("[bare]\nstream = s\n"
               "key = sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
  const UsKey *key = NULL;
  g_assert_cmpint (us_keys_check (keys, "abc", NULL, "::1", 1, &key), ==, US_KEY_OK);
}

static void
test_random (void) {
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < 1000; i++) {
    char *key = us_key_new_random ();
    g_assert_cmpuint (strlen (key), ==, 32);
    g_assert_cmpuint (strspn (key, "abcdefghijklmnopqrstuvwxyz234567"), ==, 32);
    g_assert_true (g_hash_table_add (seen, key));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keys/whole", test_whole);
  g_test_add_func ("/keys/bad-files", test_bad_files);
  g_test_add_func ("/keys/messages-are-silent", test_messages_are_silent);
  g_test_add_func ("/keys/limits", test_limits);
  g_test_add_func ("/keys/check", test_check);
  g_test_add_func ("/keys/hash", test_hash);
  g_test_add_func ("/keys/random", test_random);
  return g_test_run ();
}
