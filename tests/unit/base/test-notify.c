/* test-notify.c - what arrives on a notify socket, by path and by abstract name */
#include "base/notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int
listen_at (const char *path) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  strcpy (address.sun_path, path);
  socklen_t size = (socklen_t)(offsetof (struct sockaddr_un, sun_path) + strlen (path));
  if (path[0] == '@')
    address.sun_path[0] = '\0';
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (fd, (const struct sockaddr *)&address, size), ==, 0);
  return fd;
}

static char *
receive (int fd) {
  char text[256] = "";
  gssize n = recv (fd, text, sizeof text - 1, MSG_DONTWAIT);
  return n >= 0 ? g_strndup (text, (gsize)n) : NULL;
}

static void
assert_received (int fd, const char *expected) {
  g_autofree char *text = receive (fd);
  g_assert_cmpstr (text, ==, expected);
}

static void
talk (const char *path, int fd) {
  g_setenv ("NOTIFY_SOCKET", path, TRUE);
  g_autoptr (UsNotify) notify = us_notify_new ();
  g_assert_null (g_getenv ("NOTIFY_SOCKET"));
  us_notify_ready (notify);
  us_notify_status (notify, "%d streams\nand more", 3);
  us_notify_stopping (notify);
  assert_received (fd, "READY=1");
  assert_received (fd, "STATUS=3 streams and more");
  assert_received (fd, "STOPPING=1");
  assert_received (fd, NULL);
}

static void
test_abstract (void) {
  g_autofree char *path = g_strdup_printf ("@us-test-notify-%d", (int)getpid ());
  int fd = listen_at (path);
  talk (path, fd);
  close (fd);
}

static void
test_path (void) {
  g_autofree char *folder = g_dir_make_tmp ("us-notify-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "notify", NULL);
  int fd = listen_at (path);
  talk (path, fd);
  close (fd);
  unlink (path);
  rmdir (folder);
}

static void
test_nobody (void) {
  g_autofree char *far = g_strnfill (300, 'x');
  far[0] = '/';
  const char *const paths[]
      = { "/nonexistent/socket", "@us-test-nobody-there", "relative", "", far };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_setenv ("NOTIFY_SOCKET", paths[i], TRUE);
    g_setenv ("WATCHDOG_USEC", "1000000", TRUE);
    g_autoptr (UsNotify) notify = us_notify_new ();
    us_notify_ready (notify);
  }
}

static void
test_heartbeat (void) {
  g_autofree char *path = g_strdup_printf ("@us-test-heart-%d", (int)getpid ());
  int fd = listen_at (path);
  g_setenv ("NOTIFY_SOCKET", path, TRUE);
  g_setenv ("WATCHDOG_USEC", "40000", TRUE);
  UsNotify *notify = us_notify_new ();
  assert_received (fd, "WATCHDOG=1");
  for (int beats = 0; beats < 3;) {
    g_main_context_iteration (NULL, TRUE);
    g_autofree char *text = receive (fd);
    if (text != NULL) {
      g_assert_cmpstr (text, ==, "WATCHDOG=1");
      beats++;
    }
  }
  us_notify_free (notify);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  assert_received (fd, NULL);
  close (fd);
}

/* Its socket is full when the role gets ready. Once the manager reads again it is told, by the
 * heartbeat; not any more once the role ends. */
static void
test_full (void) {
  g_autofree char *path = g_strdup_printf ("@us-test-full-%d", (int)getpid ());
  int fd = listen_at (path);
  g_setenv ("NOTIFY_SOCKET", path, TRUE);
  g_setenv ("WATCHDOG_USEC", "40000", TRUE);
  UsNotify *notify = us_notify_new ();
  guint n_read = 0, n_ready = 0;
  for (guint i = 0; i < 5000; i++) /* more than any net.unix.max_dgram_qlen in use */
    us_notify_status (notify, "%u", i);
  us_notify_ready (notify);
  for (char *text = receive (fd); text != NULL; text = receive (fd)) {
    g_assert_null (strstr (text, "READY=1"));
    g_free (text);
    n_read++;
  }
  g_assert_cmpuint (n_read, <, 5000);
  while (n_ready < 2) {
    g_main_context_iteration (NULL, TRUE);
    g_autofree char *text = receive (fd);
    if (text == NULL)
      continue;
    g_assert_cmpstr (text, ==, "READY=1\nWATCHDOG=1");
    n_ready++;
  }
  us_notify_stopping (notify);
  assert_received (fd, "STOPPING=1");
  g_main_context_iteration (NULL, TRUE);
  assert_received (fd, "WATCHDOG=1");
  us_notify_free (notify);
  close (fd);
}

static void
test_heartbeat_ms (void) {
  static const struct {
    const char *usec, *pid;
    guint expected;
  } rows[] = {
    { "10000000", NULL, 1000 }, { "10000000", "7", 1000 }, { "10000000", "8", 0 },
    { "600000", NULL, 300 },    { "1", NULL, 20 },         { "0", NULL, 0 },
    { "-5", NULL, 0 },          { "x", NULL, 0 },          { NULL, "7", 0 },
    { "10000000", "x", 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (us_notify_heartbeat_ms (rows[i].usec, rows[i].pid, 7), ==, rows[i].expected);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/notify/abstract", test_abstract);
  g_test_add_func ("/base/notify/path", test_path);
  g_test_add_func ("/base/notify/nobody", test_nobody);
  g_test_add_func ("/base/notify/heartbeat", test_heartbeat);
  g_test_add_func ("/base/notify/full", test_full);
  g_test_add_func ("/base/notify/heartbeat-ms", test_heartbeat_ms);
  return g_test_run ();
}
