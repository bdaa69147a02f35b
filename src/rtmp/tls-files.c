/* tls-files.c - two paths, looked at once a second by their owner
 *
 * Certificate and key are replaced one after the other, by tools that know nothing of us, so they
 * are read when neither has changed between two looks. What does not fit together is not taken: the
 * identity from before stays, and one log line says what is wrong. Main loop only.
 */
#define US_LOG_TOPIC "rtmp.tls"
#include "rtmp/tls-files.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file-face.h"
#include "base/log.h"
#include "base/names.h"
#include "rtmp/error.h"

#define DAY_S (24 * 3600)

/* Of certificate and key. */
typedef struct {
  UsFileFace files[2];
} Faces;

struct UsRtmpTlsFiles {
  char *paths[2]; /* certificate, key */
  UsRtmpTlsIdentity *identity;
  Faces loaded, pending;
  gboolean has_pending;
};

static Faces
look (const UsRtmpTlsFiles *files) {
  return (Faces){ { us_file_face (files->paths[0]), us_file_face (files->paths[1]) } };
}

static gboolean
are_same (const Faces *a, const Faces *b) {
  return us_file_face_equal (&a->files[0], &b->files[0])
         && us_file_face_equal (&a->files[1], &b->files[1]);
}

static char *
read_file (const char *path, gsize *size, GError **error) {
  struct stat info;
  char *text = NULL;
  if (stat (path, &info) == 0 && (!S_ISREG (info.st_mode) || info.st_size > US_RTMP_TLS_MAX_FILE)) {
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_TLS, "%s: is no file of at most %d bytes",
                 path, US_RTMP_TLS_MAX_FILE);
    return NULL;
  }
  return g_file_get_contents (path, &text, size, error) ? text : NULL;
}

static UsRtmpTlsIdentity *
load (UsRtmpTlsFiles *files, GError **error) {
  gsize sizes[2] = { 0 };
  files->loaded = look (files);
  files->has_pending = FALSE;
  g_autofree char *certificate = read_file (files->paths[0], &sizes[0], error);
  char *key = certificate != NULL ? read_file (files->paths[1], &sizes[1], error) : NULL;
  if (key == NULL)
    return NULL;
  UsRtmpTlsIdentity *identity
      = us_rtmp_tls_identity_new (certificate, sizes[0], key, sizes[1], error);
  explicit_bzero (key, sizes[1]);
  g_free (key);
  if (identity == NULL)
    g_prefix_error (error, "%s with %s: ", files->paths[0], files->paths[1]);
  return identity;
}

static void
tell (const UsRtmpTlsFiles *files, const char *what) {
  gint64 expiry_s = us_rtmp_tls_identity_get_expiry_s (files->identity);
  gint64 left_s = expiry_s - g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (GDateTime) end = g_date_time_new_from_unix_utc (expiry_s);
  g_autofree char *day = end != NULL ? g_date_time_format (end, "%Y-%m-%d") : g_strdup ("?");
  us_event (left_s < US_RTMP_TLS_WARN_DAYS * DAY_S ? US_LOG_WARNING : US_LOG_NOTICE,
            US_EVENT_CERTIFICATE_LOADED, "%s %s, %s %s%s", files->paths[0], what,
            left_s < 0 ? "has expired on" : "is good until", day,
            left_s < US_RTMP_TLS_WARN_DAYS * DAY_S ? ": renew it" : "");
}

/**
 * us_rtmp_tls_files_new:
 * @certificate_path: a certificate and its chain, PEM
 * @key_path: its key, PEM; may be the same file
 * @error: what is wrong with them
 *
 * Returns: (transfer full) (nullable): the files, read
 */
UsRtmpTlsFiles *
us_rtmp_tls_files_new (const char *certificate_path, const char *key_path, GError **error) {
  g_autoptr (UsRtmpTlsFiles) files = g_new0 (UsRtmpTlsFiles, 1);
  files->paths[0] = g_strdup (certificate_path);
  files->paths[1] = g_strdup (key_path);
  files->identity = load (files, error);
  if (files->identity == NULL)
    return NULL;
  tell (files, "was read");
  return g_steal_pointer (&files);
}

/**
 * us_rtmp_tls_files_free:
 * @files: (transfer full) (nullable): the files
 */
void
us_rtmp_tls_files_free (UsRtmpTlsFiles *files) {
  if (files == NULL)
    return;
  us_rtmp_tls_identity_unref (files->identity);
  g_free (files->paths[0]);
  g_free (files->paths[1]);
  g_free (files);
}

/**
 * us_rtmp_tls_files_reload:
 * @files: the files
 *
 * Reads them now, changed or not.
 *
 * Returns: whether the identity is another one than before
 */
gboolean
us_rtmp_tls_files_reload (UsRtmpTlsFiles *files) {
  g_autoptr (GError) error = NULL;
  UsRtmpTlsIdentity *identity = load (files, &error);
  if (identity == NULL) {
    us_event (US_LOG_WARNING, US_EVENT_CERTIFICATE_INVALID,
              "the new certificate is not taken, the old one stays in use: %s", error->message);
    return FALSE;
  }
  us_rtmp_tls_identity_unref (files->identity);
  files->identity = identity;
  tell (files, "has changed and was read again");
  return TRUE;
}

/**
 * us_rtmp_tls_files_poll:
 * @files: the files; to be called about once a second
 *
 * Returns: whether the identity is another one than before
 */
gboolean
us_rtmp_tls_files_poll (UsRtmpTlsFiles *files) {
  Faces faces = look (files);
  if (are_same (&faces, &files->loaded)) {
    files->has_pending = FALSE;
    return FALSE;
  }
  if (!files->has_pending || !are_same (&faces, &files->pending)) {
    files->pending = faces;
    files->has_pending = TRUE;
    return FALSE;
  }
  return us_rtmp_tls_files_reload (files);
}

/**
 * us_rtmp_tls_files_get:
 * @files: the files
 *
 * Returns: (transfer none): the identity in use
 */
UsRtmpTlsIdentity *
us_rtmp_tls_files_get (UsRtmpTlsFiles *files) {
  return files->identity;
}
