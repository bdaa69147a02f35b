/* stuck-disk.h - a disk whose syncs take as long as a test wants
 *
 * fsync() here stands in for the C library's, which GLib calls when it writes a file for good.
 * While the disk is stuck it waits, and asserts that nobody who turns a main loop has to.
 */
#pragma once

#include <glib.h>
#include <unistd.h>

static struct {
  GMutex lock;
  GCond changed;
  GThread *loop; /* nullable: nobody's */
  gboolean is_stuck;
  guint n_waiting;
} disk;

int
fsync (int fd) {
  g_mutex_lock (&disk.lock);
  disk.n_waiting++;
  while (disk.is_stuck) {
    g_assert_true (g_thread_self () != disk.loop);
    g_cond_wait (&disk.changed, &disk.lock);
  }
  disk.n_waiting--;
  g_mutex_unlock (&disk.lock);
  return fdatasync (fd);
}

/* The thread that calls this turns the loop. */
static inline void
disk_set_stuck (gboolean is_stuck) {
  g_mutex_lock (&disk.lock);
  disk.loop = g_thread_self ();
  disk.is_stuck = is_stuck;
  g_cond_broadcast (&disk.changed);
  g_mutex_unlock (&disk.lock);
}

static inline guint
disk_count_waiting (void) {
  g_mutex_lock (&disk.lock);
  guint n = disk.n_waiting;
  g_mutex_unlock (&disk.lock);
  return n;
}
