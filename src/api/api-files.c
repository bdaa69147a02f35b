/* api-files.c - the web interface: the built-in one, or the files of a folder
 *
 * The built-in one is part of the program (web.c). A folder takes its place altogether, for those
 * who work on the interface: files are opened name by name from the folder down, never through a
 * symbolic link, so that nothing outside of it is ever read, whatever was put into it.
 *
 * A page runs nothing but files of its own origin, and only the player's page may ask elsewhere,
 * for streams may be anywhere; the main page shows that one in a frame.
 */
#include "api/api-private.h"

#include "api/mime.h"
#include "base/etag.h"
#include "http/negotiate.h"
#include "http/problem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (8 * 1024 * 1024)
#define LICENCES "/licences.txt"

#define MAIN_POLICY                                                                                \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "          \
  "connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; "                   \
  "form-action 'none'; frame-ancestors 'none'"

#define PLAYER_PAGE "/player.html"
#define PLAYER_POLICY                                                                              \
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "          \
  "connect-src 'self' http: https: blob:; media-src 'self' http: https: blob:; "                   \
  "worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

/* ---- a folder ---- */

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

/* ---- answers ---- */

static void
answer_file (UsHttpResponse *response, const UsWebFile *file, const char *policy) {
  response->status = 200;
  response->content_type = file->type;
  response->cache_control = US_API_CACHE_ASK;
  response->etag = g_strdup (file->etag);
  response->body = g_bytes_ref (file->bytes);
  if (file->coding != NULL)
    us_http_response_add_header (response, "Content-Encoding", file->coding);
  us_http_response_add_header (response, "Content-Security-Policy", policy);
}

static void
answer_nothing (UsHttpResponse *response, const UsHttpRequest *request) {
  us_http_problem (response, 404, "not-found", "Not found", "Nothing is served at \"%.200s\".",
                   request->path);
}

static void
answer_built_in (UsApi *api, const UsHttpRequest *request, const char *path, const char *policy,
                 UsHttpResponse *response) {
  UsWebFile file;
  if (us_web_find (api->web, path, us_negotiate_takes_gzip (request->accept_encoding), &file))
    answer_file (response, &file, policy);
  else
    answer_nothing (response, request);
  us_http_response_add_header (response, "Vary", "Accept-Encoding");
}

static void
answer_of_folder (UsApi *api, const UsHttpRequest *request, const char *path, const char *policy,
                  UsHttpResponse *response) {
  g_autoptr (GBytes) bytes = read_file (api->web_dir, path);
  g_autofree char *etag = bytes != NULL ? us_etag (bytes) : NULL;
  if (bytes == NULL) {
    answer_nothing (response, request);
    return;
  }
  const UsWebFile file = { .bytes = bytes, .etag = etag, .type = us_mime_of_name (path) };
  answer_file (response, &file, policy);
}

/* Anything that no other route has. */
void
us_api_on_file (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsApi *api = user_data;
  const char *path = strcmp (request->path, "/") == 0 ? "/index.html" : request->path;
  const char *policy = strcmp (path, PLAYER_PAGE) == 0 ? PLAYER_POLICY : MAIN_POLICY;
  if (api->web_dir != NULL)
    answer_of_folder (api, request, path, policy, response);
  else
    answer_built_in (api, request, path, policy, response);
}

/* Of the program and of what the interface is made with; with a folder as well. */
void
us_api_on_licences (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  answer_built_in (user_data, request, LICENCES, MAIN_POLICY, response);
}
