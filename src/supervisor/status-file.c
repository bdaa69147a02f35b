/* status-file.c - writes run.json in a thread of its own
 *
 * The main loop of a supervisor starts what died and sends the heartbeat, so it must not wait for a
 * disk that is slow or stuck. What comes while a write is under way replaces what waits: only the
 * last state counts. Readers see a whole file, the old or the new one. Nothing is synced: after a
 * power cut no process is there any more that it tells of.
 *
 * Owned by the chain, and used from its main thread; the thread ends with us_status_file_free().
 */
#define US_LOG_TOPIC "run"
#include "supervisor/status-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

struct UsStatusFile {
  char *path, *temporary;
  GThread *thread;
  GMutex lock; /* for what follows */
  GCond changed;
  char *next; /* (nullable): to be written */
  gboolean is_over;
};

/* Not g_file_set_contents(), which syncs; and without that, GLib 2.74 does not truncate. */
static gboolean
put (const char *path, const char *text) {
  gsize left = strlen (text);
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0)
    return FALSE;
  while (left > 0) {
    gssize n = write (fd, text, left);
    if (n < 0 && errno != EINTR) {
      int code = errno;
      close (fd);
      errno = code;
      return FALSE;
    }
    text += MAX (n, 0);
    left -= (gsize)MAX (n, 0);
  }
  return close (fd) == 0;
}

static gpointer
work (gpointer data) {
  UsStatusFile *file = data;
  g_mutex_lock (&file->lock);
  while (!file->is_over) {
    g_autofree char *text = g_steal_pointer (&file->next);
    if (text == NULL) {
      g_cond_wait (&file->changed, &file->lock);
      continue;
    }
    g_mutex_unlock (&file->lock);
    if (!put (file->temporary, text) || rename (file->temporary, file->path) != 0)
      us_warning ("cannot write the status file: %s: %s", file->path, g_strerror (errno));
    g_mutex_lock (&file->lock);
  }
  g_mutex_unlock (&file->lock);
  return NULL;
}

/**
 * us_status_file_new:
 * @path: of the file, in a folder that is there; PATH.new beside it is used too
 *
 * Returns: (transfer full): a file that is not yet written
 */
UsStatusFile *
us_status_file_new (const char *path) {
  UsStatusFile *file = g_new0 (UsStatusFile, 1);
  file->path = g_strdup (path);
  file->temporary = g_strconcat (path, ".new", NULL);
  g_mutex_init (&file->lock);
  g_cond_init (&file->changed);
  file->thread = g_thread_new ("status-file", work, file);
  return file;
}

/**
 * us_status_file_write:
 * @file: the file
 * @text: (transfer full): what is to be in it
 *
 * Returns at once; that it cannot be written is logged.
 */
void
us_status_file_write (UsStatusFile *file, char *text) {
  g_mutex_lock (&file->lock);
  g_free (file->next);
  file->next = text;
  g_cond_signal (&file->changed);
  g_mutex_unlock (&file->lock);
}

/**
 * us_status_file_free:
 * @file: (transfer full) (nullable): removed, behind a write that is still under way
 */
void
us_status_file_free (UsStatusFile *file) {
  if (file == NULL)
    return;
  g_mutex_lock (&file->lock);
  file->is_over = TRUE;
  g_cond_signal (&file->changed);
  g_mutex_unlock (&file->lock);
  g_thread_join (file->thread);
  unlink (file->temporary);
  unlink (file->path);
  g_mutex_clear (&file->lock);
  g_cond_clear (&file->changed);
  g_free (file->next);
  g_free (file->path);
  g_free (file->temporary);
  g_free (file);
}
