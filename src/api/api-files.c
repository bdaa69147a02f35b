/* api-files.c - the files of the web interface, from its folder
 *
 * Opened name by name from the folder down, never through a symbolic link, so that nothing outside
 * of it is ever read, whatever was put into it. Without a folder, "/" leads to /docs.
 */
#include "api/api-private.h"

#include "api/mime.h"
#include "base/etag.h"
#include "http/problem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (8 * 1024 * 1024)

/* The page runs nothing but its own files. Streams may be anywhere: it plays them. */
#define POLICY                                                                                     \
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "                      \
  "img-src 'self' data: blob:; media-src 'self' blob: http: https:; "                              \
  "connect-src 'self' http: https:; worker-src 'self' blob:; object-src 'none'; "                  \
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/* Returns: a descriptor, or -1 */
static int
open_inside (const char *folder, const char *path) {
  g_auto (GStrv) names = g_strsplit (path + 1, "/", -1);
  int fd = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (guint i = 0; fd >= 0 && names[i] != NULL; i++) {
    int flags = names[i + 1] != NULL ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK;
    int next = openat (fd, names[i], flags | O_NOFOLLOW | O_CLOEXEC);
    close (fd);
    fd = next;
  }
  return fd;
}

/* Returns: (transfer full) (nullable): the whole of a regular file */
static GBytes *
read_all (int fd) {
  struct stat status;
  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size > MAX_FILE)
    return NULL;
  gsize size = (gsize)status.st_size, n_read = 0;
  g_autofree char *data = g_try_malloc (size + 1);
  while (data != NULL && n_read < size) {
    ssize_t n = read (fd, data + n_read, size - n_read);
    if (n <= 0)
      return NULL;
    n_read += (gsize)n;
  }
  return data != NULL ? g_bytes_new_take (g_steal_pointer (&data), size) : NULL;
}

static GBytes *
read_file (const char *folder, const char *path) {
  int fd = us_mime_is_plain_path (path) ? open_inside (folder, path) : -1;
  GBytes *bytes = fd >= 0 ? read_all (fd) : NULL;
  if (fd >= 0)
    close (fd);
  return bytes;
}

static void
lead_to_docs (UsHttpResponse *response) {
  response->status = 302;
  response->location = g_strdup ("/docs");
  response->cache_control = US_API_CACHE_NONE;
}

/* Anything that no other route has. */
void
us_api_on_file (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsApi *api = user_data;
  gboolean is_root = strcmp (request->path, "/") == 0;
  const char *path = is_root ? "/index.html" : request->path;
  if (api->web_dir == NULL && is_root) {
    lead_to_docs (response);
    return;
  }
  g_autoptr (GBytes) bytes = api->web_dir != NULL ? read_file (api->web_dir, path) : NULL;
  if (bytes == NULL) {
    us_http_problem (response, 404, "not-found", "Not found", "Nothing is served at \"%.200s\".",
                     request->path);
    return;
  }
  response->status = 200;
  response->content_type = us_mime_of_name (path);
  response->cache_control = US_API_CACHE_ASK;
  response->etag = us_etag (bytes);
  response->body = g_steal_pointer (&bytes);
  us_http_response_add_header (response, "Content-Security-Policy", POLICY);
  us_http_response_add_header (response, "X-Content-Type-Options", "nosniff");
  us_http_response_add_header (response, "Referrer-Policy", "no-referrer");
}
