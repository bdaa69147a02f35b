/* test-token.c - the first token of a file, and what is none */
#include "commands/token.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

static void
test_read (void) {
  static const struct {
    const char *text, *expected; /* NULL: refused */
  } rows[] = {
    { "0123456789abcdef\n", "Bearer 0123456789abcdef" },
    { "# who\n\n  anna \t 0123456789abcdef  \nben fedcba9876543210\n", "Bearer 0123456789abcdef" },
    { "", NULL },
    { "# nobody\n \n", NULL },
  };
  g_autofree char *folder = g_dir_make_tmp ("understudy-token-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "tokens", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_true (g_file_set_contents (path, rows[i].text, -1, NULL));
    g_autofree char *token = us_token_read (path, "--token-file", &error);
    g_assert_cmpstr (token, ==, rows[i].expected);
    if (rows[i].expected == NULL) {
      g_assert_error (error, US_TOKEN_ERROR, US_TOKEN_ERROR_FILE);
      g_assert_true (g_str_has_prefix (error->message, "--token-file: "));
    }
  }
  g_unlink (path);
  g_autoptr (GError) error = NULL;
  g_assert_null (us_token_read (path, "--token-file", &error));
  g_assert_error (error, US_TOKEN_ERROR, US_TOKEN_ERROR_FILE);
  g_rmdir (folder);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commands/token/read", test_read);
  return g_test_run ();
}
