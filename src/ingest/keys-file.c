/* keys-file.c - one path, looked at once a second by its owner
 *
 * A file that was put in the place of the old one (another inode) is whole, and is read at once.
 * One that is written into may be half written: it is read when it has not changed between two
 * looks, since half a file would end the publishers of the other half. Looking costs one stat(),
 * works on any file system and through the links of mounted secrets, where notification does not.
 *
 * Main loop only. A file that cannot be read or understood changes nothing but is_stale, and is
 * told of once, in the log, with its line.
 */
#define US_LOG_TOPIC "ingest.keys"
#include "ingest/keys-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file-face.h"
#include "base/log.h"
#include "base/names.h"
#include "base/text.h"

struct UsKeysFile {
  char *path;
  UsKeys *keys;
  UsFileFace loaded;  /* what was read, or tried to, last */
  UsFileFace pending; /* what the last look saw, if it may not be whole */
  gboolean has_pending;
  gboolean is_stale;
};

static gboolean
read_all (int fd, char *text, gsize size, gsize *got) {
  for (*got = 0; *got < size;) {
    gssize part = read (fd, text + *got, size - *got);
    if (part < 0 && errno == EINTR)
      continue;
    if (part <= 0)
      return part == 0;
    *got += (gsize)part;
  }
  return TRUE;
}

/* @text: (transfer full): may hold keys */
static void
wipe (char *text, gsize size) {
  if (text != NULL)
    explicit_bzero (text, size);
  g_free (text);
}

/**
 * us_keys_file_read:
 * @path: of the file
 * @size: (out): bytes
 * @mode: (out) (optional): its permissions
 * @error: US_KEYS_ERROR_FILE, or US_KEYS_ERROR_LIMIT
 *
 * Returns: (transfer full) (array length=size): its content, for the caller to wipe, and a zero
 */
char *
us_keys_file_read (const char *path, gsize *size, guint *mode, GError **error) {
  struct stat info;
  /* Non-blocking, so that a pipe in its place cannot hang the ingest. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && errno == EACCES) {
    g_set_error (error, US_KEYS_ERROR, US_KEYS_ERROR_FILE,
                 "%s: the user %s may not read it: give it that user's group (chgrp) and chmod 640",
                 path, g_get_user_name ());
    return NULL;
  }
  if (fd < 0 || fstat (fd, &info) != 0 || !S_ISREG (info.st_mode)) {
    g_set_error (error, US_KEYS_ERROR, US_KEYS_ERROR_FILE, "%s: %s", path,
                 fd < 0 ? g_strerror (errno) : "is no file");
    if (fd >= 0)
      close (fd);
    return NULL;
  }
  char *text = g_malloc0 (US_KEYS_MAX_FILE + 2);
  gboolean ok = read_all (fd, text, US_KEYS_MAX_FILE + 1, size);
  int code = errno;
  close (fd);
  if (!ok || *size > US_KEYS_MAX_FILE) {
    wipe (text, US_KEYS_MAX_FILE + 2);
    if (ok)
      g_set_error (error, US_KEYS_ERROR, US_KEYS_ERROR_LIMIT, "%s: has more than %d bytes", path,
                   US_KEYS_MAX_FILE);
    else
      g_set_error (error, US_KEYS_ERROR, US_KEYS_ERROR_FILE, "%s: %s", path, g_strerror (code));
    return NULL;
  }
  if (mode != NULL)
    *mode = info.st_mode & 07777;
  return text;
}

/* What an admin should know of a file that is good otherwise. */
static void
warn_of (const UsKeysFile *file, const UsKeys *keys, guint mode) {
  guint n_plain = 0, n_short = 0;
  const char *first = NULL;
  for (guint i = 0; i < us_keys_get_n (keys); i++) {
    const UsKey *key = us_keys_get (keys, i);
    n_plain += !key->is_hashed;
    n_short += key->is_short;
    first = key->is_short && first == NULL ? key->id : first;
  }
  /* Its group may: that is how the file of root is read by an ingest that is not root. */
  if (n_plain > 0 && (mode & 07) != 0)
    us_warning ("%s holds plain keys, and everybody on this machine can read it (mode %04o): chmod "
                "o=, or keep hashes (" US_PROGRAM " ctl key add --hash)",
                file->path, mode);
  if (n_short > 0)
    us_warning ("%s: %u key%s with fewer than %d characters, [%s] among them: such keys can be "
                "guessed; " US_PROGRAM " ctl key add makes good ones",
                file->path, n_short, us_text_s (n_short), US_KEY_GOOD, first);
}

static UsKeys *
load (UsKeysFile *file, GError **error) {
  gsize size = 0;
  guint mode = 0;
  file->loaded = us_file_face (file->path);
  file->has_pending = FALSE;
  char *text = us_keys_file_read (file->path, &size, &mode, error);
  if (text == NULL)
    return NULL;
  UsKeys *keys = us_keys_parse (file->path, text, size, error);
  wipe (text, size);
  if (keys != NULL)
    warn_of (file, keys, mode);
  return keys;
}

/**
 * us_keys_file_new:
 * @path: of the file
 * @error: US_KEYS_ERROR: at the start, a file that cannot be read is fatal
 *
 * Returns: (transfer full) (nullable): the file, read
 */
UsKeysFile *
us_keys_file_new (const char *path, GError **error) {
  g_autoptr (UsKeysFile) file = g_new0 (UsKeysFile, 1);
  file->path = g_strdup (path);
  file->keys = load (file, error);
  if (file->keys == NULL)
    return NULL;
  guint n = us_keys_get_n (file->keys);
  us_event (US_LOG_NOTICE, US_EVENT_KEYS_LOADED, "%s: %u stream key%s in force", path, n,
            us_text_s (n));
  return g_steal_pointer (&file);
}

/**
 * us_keys_file_free:
 * @file: (transfer full) (nullable): the file
 */
void
us_keys_file_free (UsKeysFile *file) {
  if (file == NULL)
    return;
  us_keys_free (file->keys);
  g_free (file->path);
  g_free (file);
}

/**
 * us_keys_file_reload:
 * @file: the file
 *
 * Reads it now, changed or not.
 *
 * Returns: whether the set in force is another one than before
 */
gboolean
us_keys_file_reload (UsKeysFile *file) {
  g_autoptr (GError) error = NULL;
  UsKeys *keys = load (file, &error);
  file->is_stale = keys == NULL;
  if (keys == NULL) {
    us_event (US_LOG_WARNING, US_EVENT_KEYS_INVALID,
              "the keys file has changed and is not taken, the keys from before stay in force: %s",
              error->message);
    return FALSE;
  }
  us_keys_free (file->keys);
  file->keys = keys;
  guint n = us_keys_get_n (keys);
  us_event (US_LOG_NOTICE, US_EVENT_KEYS_LOADED, "%s has changed: %u stream key%s in force",
            file->path, n, us_text_s (n));
  return TRUE;
}

/**
 * us_keys_file_poll:
 * @file: the file; to be called about once a second
 *
 * Returns: whether the set in force is another one than before
 */
gboolean
us_keys_file_poll (UsKeysFile *file) {
  UsFileFace face = us_file_face (file->path);
  if (us_file_face_equal (&face, &file->loaded)) {
    file->has_pending = FALSE;
    return FALSE;
  }
  gboolean is_replaced
      = face.is_there && (face.inode != file->loaded.inode || face.device != file->loaded.device);
  if (!is_replaced && !(file->has_pending && us_file_face_equal (&face, &file->pending))) {
    file->pending = face;
    file->has_pending = TRUE;
    return FALSE;
  }
  return us_keys_file_reload (file);
}

/**
 * us_keys_file_get:
 * @file: the file
 *
 * Returns: (transfer none): the set in force, until the next poll or reload
 */
const UsKeys *
us_keys_file_get (const UsKeysFile *file) {
  return file->keys;
}

/**
 * us_keys_file_is_stale:
 * @file: the file
 *
 * Returns: whether there is a newer one that could not be taken
 */
gboolean
us_keys_file_is_stale (const UsKeysFile *file) {
  return file->is_stale;
}
