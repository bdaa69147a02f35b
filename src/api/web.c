/* web.c - the built-in web interface: its files by their paths, in two codings
 *
 * scripts/bundle-web puts data/web into the program when it is built: as gzip what is smaller so,
 * the rest as it is. Browsers get the gzip as it lies there; who does not take gzip gets it
 * inflated, once for all. Only what was bundled can be found, so no path leads anywhere else.
 * Owned by the API, in its thread.
 */
#include "api/web.h"

#include "api/mime.h"
#include "api/web-files.h"
#include "base/etag.h"
#include "http/content-coding.h"

#define FOLDER "/org/understudy/web/"
#define MAX_FILE (8 * 1024 * 1024)

/* One of the two is there from the start; the other one, and the tags, when somebody asks. */
typedef struct {
  GBytes *gzip, *plain;
  char *gzip_etag, *plain_etag;
} Entry;

struct UsWeb {
  GHashTable *entries; /* path to Entry */
};

static void
entry_free (gpointer data) {
  Entry *entry = data;
  g_clear_pointer (&entry->gzip, g_bytes_unref);
  g_clear_pointer (&entry->plain, g_bytes_unref);
  g_free (entry->gzip_etag);
  g_free (entry->plain_etag);
  g_free (entry);
}

UsWeb *
us_web_new (void) {
  UsWeb *web = g_new0 (UsWeb, 1);
  web->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, entry_free);
  return web;
}

void
us_web_free (UsWeb *web) {
  g_hash_table_unref (web->entries);
  g_free (web);
}

static GBytes *
look_up (const char *coding, const char *path) {
  g_autofree char *name = g_strconcat (FOLDER, coding, path, NULL);
  return g_resource_lookup_data (us_web_get_resource (), name, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

/* Returns: (nullable) (transfer none): NULL: no such file */
static Entry *
find (UsWeb *web, const char *path) {
  Entry *entry = g_hash_table_lookup (web->entries, path);
  if (entry != NULL)
    return entry;
  g_autoptr (GBytes) gzip = look_up ("gzip", path);
  g_autoptr (GBytes) plain = gzip == NULL ? look_up ("plain", path) : NULL;
  if (gzip == NULL && plain == NULL)
    return NULL;
  entry = g_new0 (Entry, 1);
  entry->gzip = g_steal_pointer (&gzip);
  entry->plain = g_steal_pointer (&plain);
  g_hash_table_insert (web->entries, g_strdup (path), entry);
  return entry;
}

static gboolean
ensure_plain (Entry *entry) {
  if (entry->plain == NULL)
    entry->plain = us_content_coding_gunzip (entry->gzip, MAX_FILE, NULL);
  return entry->plain != NULL;
}

static const char *
ensure_etag (char **etag, GBytes *bytes) {
  if (*etag == NULL)
    *etag = us_etag (bytes);
  return *etag;
}

/**
 * us_web_find:
 * @path: from the root, decoded: "/index.html"
 * @takes_gzip: the coding may be "gzip" (RFC 9110 12.5.3); it need not
 * @file: (out)
 *
 * Returns: %FALSE: there is no such file
 */
gboolean
us_web_find (UsWeb *web, const char *path, gboolean takes_gzip, UsWebFile *file) {
  Entry *entry = us_mime_is_plain_path (path) ? find (web, path) : NULL;
  if (entry == NULL)
    return FALSE;
  gboolean is_gzip = takes_gzip && entry->gzip != NULL;
  if (!is_gzip && !ensure_plain (entry))
    return FALSE;
  file->type = us_mime_of_name (path);
  file->coding = is_gzip ? "gzip" : NULL;
  file->bytes = is_gzip ? entry->gzip : entry->plain;
  file->etag = is_gzip ? ensure_etag (&entry->gzip_etag, entry->gzip)
                       : ensure_etag (&entry->plain_etag, entry->plain);
  return TRUE;
}
