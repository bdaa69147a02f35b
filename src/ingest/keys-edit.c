/* keys-edit.c - read, change, check, write beside it, rename
 *
 * Two programs that change the file at the same time wait for each other by a lock on PATH.lock,
 * which stays. The new file is checked as the ingest would before it takes the place of the old
 * one, is on disk when it does, and keeps owner, group and permissions but those of others; a new
 * one is for its owner only, or, when root makes it, for whom its folder is. A link stays a link.
 * Without the ingest, and in no loop: for commands.
 */
#include "ingest/keys-edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/keys-file.h"

#define MODE_NEW 0600
#define MODE_GROUP 0640 /* root's file, for a group that is not root's */
#define MODE_MAY 0660

/**
 * us_keys_edit_add:
 * @text: (nullable): content of a keys file
 * @draft: a key with an id that is not in it
 *
 * Returns: (transfer full): the content with the key at its end
 */
char *
us_keys_edit_add (const char *text, const UsKeyDraft *draft) {
  GString *out = g_string_new (text != NULL ? text : "# Stream keys of understudy\n");
  if (out->len > 0 && out->str[out->len - 1] != '\n')
    g_string_append_c (out, '\n');
  g_string_append_printf (out, "\n[%s]\nkey = %s\nstream = %s\n", draft->id, draft->key,
                          draft->stream);
  if (draft->priority > 0)
    g_string_append_printf (out, "priority = %u\n", draft->priority);
  if (draft->allow[0] != '\0')
    g_string_append_printf (out, "allow = %s\n", draft->allow);
  if (draft->expires[0] != '\0')
    g_string_append_printf (out, "expires = %s\n", draft->expires);
  return g_string_free (out, FALSE);
}

static gboolean
is_group_of (const char *line, const char *id) {
  g_autofree char *word = g_strstrip (g_strdup (line));
  gsize length = strlen (word);
  if (length < 2 || word[0] != '[' || word[length - 1] != ']')
    return FALSE;
  word[length - 1] = '\0';
  return strcmp (g_strstrip (word + 1), id) == 0;
}

/* White space is what the reader takes for it (g_strstrip()). */
static char
first_char (const char *line) {
  while (g_ascii_isspace (*line))
    line++;
  return *line;
}

/* Lines from the one with [id] to the next group. Comments right before that are its own. */
static guint
end_of_group (GStrv lines, guint start) {
  guint end = start + 1;
  while (lines[end] != NULL && first_char (lines[end]) != '[')
    end++;
  if (lines[end] == NULL)
    return end;
  while (end > start + 1 && strchr ("#;", first_char (lines[end - 1])) != NULL
         && first_char (lines[end - 1]) != '\0')
    end--;
  return end;
}

/**
 * us_keys_edit_remove:
 * @text: content of a keys file
 * @id: a key
 *
 * Returns: (transfer full) (nullable): the content without it, %NULL when it is not there
 */
char *
us_keys_edit_remove (const char *text, const char *id) {
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint start = 0;
  while (lines[start] != NULL && !is_group_of (lines[start], id))
    start++;
  if (lines[start] == NULL)
    return NULL;
  guint end = end_of_group (lines, start);
  GString *out = g_string_new (NULL);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (i < start || i >= end)
      g_string_append_printf (out, "%s\n", lines[i]);
  }
  while (out->len > 1 && out->str[out->len - 1] == '\n' && out->str[out->len - 2] == '\n')
    g_string_truncate (out, out->len - 1);
  return g_string_free (out, FALSE);
}

/* --------------------------------------------------------------------------------- the file */

static gboolean
fail_errno (GError **error, const char *path, const char *what) {
  g_set_error (error, US_KEYS_ERROR, US_KEYS_ERROR_FILE, "%s: %s%s", path, what,
               g_strerror (errno));
  return FALSE;
}

static gboolean
write_all (int fd, const char *text, gsize size) {
  while (size > 0) {
    gssize part = write (fd, text, size);
    if (part < 0 && errno == EINTR)
      continue;
    if (part < 0)
      return FALSE;
    text += part;
    size -= (gsize)part;
  }
  return fsync (fd) == 0;
}

/* Root makes the file for a service that is another user: one in /etc/understudy, which has the
 * group of the service, is of no use unless that group can read it. Anybody else's is their own. */
static gboolean
take_face_of_folder (int fd, const char *path) {
  g_autofree char *name = g_path_get_dirname (path);
  struct stat folder;
  gboolean is_given = geteuid () == 0 && stat (name, &folder) == 0
                      && fchown (fd, folder.st_uid, folder.st_gid) == 0;
  gboolean is_for_group = is_given && folder.st_uid == 0 && folder.st_gid != 0;
  return fchmod (fd, is_for_group ? MODE_GROUP : MODE_NEW) == 0;
}

/* The old file's owner and group; without the right to give it away it must be ours. */
static gboolean
take_face (int fd, const char *path) {
  struct stat old;
  if (stat (path, &old) != 0)
    return take_face_of_folder (fd, path);
  struct stat own;
  if (fstat (fd, &own) != 0)
    return FALSE;
  if ((own.st_uid != old.st_uid || own.st_gid != old.st_gid)
      && fchown (fd, old.st_uid, old.st_gid) != 0)
    return FALSE;
  return fchmod (fd, old.st_mode & MODE_MAY) == 0;
}

static void
sync_folder (const char *path) {
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  (void)fsync (fd);
  close (fd);
}

static gboolean
replace (const char *path, const char *text, GError **error) {
  g_autofree char *beside = g_strdup_printf ("%s.XXXXXX", path);
  int fd = g_mkstemp_full (beside, O_WRONLY | O_CLOEXEC, MODE_NEW);
  if (fd < 0)
    return fail_errno (error, path, "cannot write beside it: ");
  gboolean ok = take_face (fd, path) && write_all (fd, text, strlen (text));
  int code = errno;
  ok = close (fd) == 0 && ok;
  if (ok && rename (beside, path) == 0) {
    sync_folder (path);
    return TRUE;
  }
  if (!ok)
    errno = code;
  fail_errno (error, path, "cannot be replaced: ");
  (void)unlink (beside);
  return FALSE;
}

static int
lock (const char *path, GError **error) {
  g_autofree char *lock_path = g_strconcat (path, ".lock", NULL);
  int fd = open (lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, MODE_NEW);
  if (fd < 0 || flock (fd, LOCK_EX) != 0) {
    fail_errno (error, lock_path, "");
    if (fd >= 0)
      close (fd);
    return -1;
  }
  return fd;
}

static void
wipe (char *text) {
  if (text != NULL)
    explicit_bzero (text, strlen (text));
  g_free (text);
}

/* @is_new: there is no file, which is no error. */
static gboolean
read_old (const char *path, char **text, GError **error) {
  gsize size = 0;
  *text = NULL;
  if (access (path, F_OK) != 0 && errno == ENOENT)
    return TRUE;
  *text = us_keys_file_read (path, &size, NULL, error);
  return *text != NULL;
}

static gboolean
edit_locked (const char *path, UsKeysEditFunc func, gpointer user_data, GError **error) {
  char *old = NULL;
  if (!read_old (path, &old, error))
    return FALSE;
  char *text = func (old, user_data, error);
  UsKeys *keys = text != NULL ? us_keys_parse (path, text, strlen (text), error) : NULL;
  gboolean ok = keys != NULL && replace (path, text, error);
  us_keys_free (keys);
  wipe (old);
  wipe (text);
  return ok;
}

/**
 * us_keys_edit_file:
 * @path: of a keys file, which need not be there
 * @func: makes the new content of the old one
 * @user_data: its argument
 * @error: US_KEYS_ERROR, or that of @func; the file is as it was then
 *
 * Returns: whether the new content is on disk
 */
gboolean
us_keys_edit_file (const char *path, UsKeysEditFunc func, gpointer user_data, GError **error) {
  char *real = realpath (path, NULL);
  g_autofree char *target = g_strdup (real != NULL ? real : path);
  free (real);
  int fd = lock (target, error);
  if (fd < 0)
    return FALSE;
  gboolean ok = edit_locked (target, func, user_data, error);
  close (fd);
  return ok;
}
