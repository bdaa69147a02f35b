/* fuzz-ingest-keys.c - any bytes as the keys file, and as the secret of somebody who wants in
 *
 * The text up to the first zero byte is the file, the rest the secret. A key that is off, expired
 * or for another stream lets nobody in; what `understudy ctl key` does to a file that can be read
 * leaves one that can be read. */
#include "ingest/keys-edit.h"

#include <stdint.h>
#include <string.h>

#define NOW_S 1800000000

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_keys (const UsKeys *keys) {
  if (us_keys_get_n (keys) > US_KEYS_MAX)
    g_error ("more keys than allowed");
  for (guint i = 0; i < us_keys_get_n (keys); i++) {
    const UsKey *key = us_keys_get (keys, i);
    if (key->id[0] == '\0' || strlen (key->id) > US_KEY_ID_MAX || key->stream[0] == '\0'
        || key->priority > US_KEY_MAX_PRIORITY || key->line == 0)
      g_error ("a key that should have been refused");
  }
}

static void
try_in (const UsKeys *keys, const char *secret) {
  static const char *const hosts[] = { "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "", "x" };
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++) {
    const UsKey *key = NULL;
    UsKeyVerdict verdict = us_keys_check (keys, secret, "cam1", hosts[i], NOW_S, &key);
    if (verdict != US_KEY_OK)
      continue;
    if (key == NULL || !key->is_enabled || (key->expires_s != 0 && key->expires_s <= NOW_S)
        || (strcmp (key->stream, "*") != 0 && strcmp (key->stream, "cam1") != 0))
      g_error ("somebody got in who should not");
  }
}

static void
check_edits (const char *text, guint n_keys) {
  static const UsKeyDraft draft = { .id = "fuzz.draft-that-nobody-has",
                                    .stream = "s",
                                    .key = "a-key-that-nobody-has-at-all",
                                    .allow = "",
                                    .expires = "" };
  g_autoptr (GError) error = NULL;
  g_autofree char *added = us_keys_edit_add (text, &draft);
  g_autoptr (UsKeys) more = us_keys_parse ("added", added, strlen (added), &error);
  if (more == NULL) {
    if (g_error_matches (error, US_KEYS_ERROR, US_KEYS_ERROR_LIMIT))
      return;
    g_error ("own output cannot be read: %s", error->message);
  }
  g_assert_cmpuint (us_keys_get_n (more), ==, n_keys + 1);
  for (guint i = 0; i < MIN (us_keys_get_n (more), 4); i++) {
    g_autofree char *removed = us_keys_edit_remove (added, us_keys_get (more, i)->id);
    if (removed == NULL)
      g_error ("a key that is not found again: %s", us_keys_get (more, i)->id);
    g_autoptr (UsKeys) fewer = us_keys_parse ("removed", removed, strlen (removed), &error);
    if (fewer == NULL)
      g_error ("own output cannot be read: %s", error->message);
    g_assert_cmpuint (us_keys_get_n (fewer), ==, n_keys);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup ((const char *)data, size);
  gsize n_text = strlen (text);
  g_autofree char *secret
      = g_strndup ((const char *)data + MIN (n_text + 1, size), size - MIN (n_text + 1, size));
  g_autofree char *exact = n_text > 0 ? g_memdup2 (text, n_text) : g_malloc (1);
  g_autoptr (GError) error = NULL;
  g_autoptr (UsKeys) keys = us_keys_parse ("keys", exact, n_text, &error);
  if ((keys == NULL) != (error != NULL))
    g_error ("result and error disagree");
  if (keys == NULL) {
    if (!g_str_has_prefix (error->message, "keys") || strchr (error->message, '\n') != NULL)
      g_error ("a message that is no line with a place: %s", error->message);
    return 0;
  }
  check_keys (keys);
  try_in (keys, secret);
  check_edits (text, us_keys_get_n (keys));
  return 0;
}
