/* mime.c - what a file of the web interface is, by its name; and which paths may be files at all
 *
 * Only what a web interface is made of; anything else is bytes, which no browser will run. Pure.
 */
#include "api/mime.h"

#include <string.h>

#define MAX_PATH 512

/* Returns: static */
const char *
us_mime_of_name (const char *name) {
  static const char *const types[][2] = {
    { ".html", "text/html; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".mjs", "text/javascript; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".json", "application/json" },
    { ".map", "application/json" },
    { ".webmanifest", "application/manifest+json" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".jpg", "image/jpeg" },
    { ".ico", "image/x-icon" },
    { ".webp", "image/webp" },
    { ".woff2", "font/woff2" },
    { ".wasm", "application/wasm" },
    { ".txt", "text/plain; charset=utf-8" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i][0]))
      return types[i][1];
  return "application/octet-stream";
}

/**
 * us_mime_is_plain_path:
 * @path: decoded, from the root: "/app/main.js"
 *
 * Returns: whether it is made of names only: none empty, none hidden, so that neither ".." nor
 *   ".git" is among them, and no character that a file system might read otherwise
 */
gboolean
us_mime_is_plain_path (const char *path) {
  if (path[0] != '/' || strlen (path) > MAX_PATH)
    return FALSE;
  for (const char *p = path; *p != '\0'; p++) {
    if (*p == '/' && (p[1] == '/' || p[1] == '.' || p[1] == '\0'))
      return FALSE;
    if (!g_ascii_isalnum (*p) && strchr ("/._-", *p) == NULL)
      return FALSE;
  }
  return TRUE;
}
