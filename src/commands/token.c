/* token.c - the token that a command shows to another role
 *
 * Read once from a file, as it is written for that role: a token on each line, a name may stand
 * before it. The first one is shown.
 */
#include "commands/token.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_FILE (64 * 1024)

G_DEFINE_QUARK (us_token_error, us_token_error)

static char *
find_token (char *text) {
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *line = g_strstrip (lines[i]);
    const char *blank = strpbrk (line, " \t");
    if (line[0] != '\0' && line[0] != '#')
      return g_strdup_printf ("Bearer %s", blank != NULL ? blank + strspn (blank, " \t") : line);
  }
  return NULL;
}

/**
 * us_token_read:
 * @path: of the file
 * @setting: that names it, for the message
 * @error: US_TOKEN_ERROR
 *
 * Returns: (transfer full): what to send as Authorization
 */
char *
us_token_read (const char *path, const char *setting, GError **error) {
  g_autofree char *text = NULL;
  g_autoptr (GError) local = NULL;
  gsize size = 0;
  if (!g_file_get_contents (path, &text, &size, &local) || size > MAX_FILE) {
    g_set_error (error, US_TOKEN_ERROR, US_TOKEN_ERROR_FILE, "%s: %s", setting,
                 local != NULL ? local->message : "too large");
    return NULL;
  }
  char *token = find_token (text);
  if (token == NULL)
    g_set_error (error, US_TOKEN_ERROR, US_TOKEN_ERROR_FILE, "%s: %s has no token", setting, path);
  return token;
}
