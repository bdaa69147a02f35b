/* path.c - object paths of streams and their origins
 *
 * Pure. Of a stream's name, letters and digits stay as they are and every other byte becomes "_xx":
 * unique, and allowed in a path whatever an encoder has called its stream.
 */
#include "bus/path.h"

#include "bus/error.h"

/**
 * us_bus_path_of:
 * @stream: name
 * @origin: (nullable): "primary" or "backup"
 *
 * Returns: (transfer full): path of the stream's object, or of that origin's
 */
char *
us_bus_path_of (const char *stream, const char *origin) {
  GString *path = g_string_new (US_BUS_PATH "/streams/");
  for (const char *p = stream; *p != '\0'; p++) {
    if (g_ascii_isalnum (*p))
      g_string_append_c (path, *p);
    else
      g_string_append_printf (path, "_%02x", (guint)(guchar)*p);
  }
  if (origin != NULL)
    g_string_append_printf (path, "/origins/%s", origin);
  return g_string_free (path, FALSE);
}
