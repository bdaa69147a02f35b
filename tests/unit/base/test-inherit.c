/* test-inherit.c - which inherited descriptor is meant, and that only listening sockets are taken
 */
#include "base/config.h"
#include "base/inherit.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

static void
test_find (void) {
  static const struct {
    const char *pid, *fds, *names, *name;
    int expected;
  } rows[] = {
    { "7", "1", "http", "http", 3 },
    { "7", "2", "rtmp:http", "http", 4 },
    { "7", "2", "rtmp:http", "status", -1 },
    { "8", "2", "rtmp:http", "http", -1 }, /* somebody else's */
    { "7", "1", "rtmp:http", "http", -1 }, /* more names than sockets */
    { "7", "5", "http", "rtmp", -1 },
    { "7", "0", "http", "http", -1 },
    { "7", "99999", "http", "http", -1 },
    { "x", "1", "http", "http", -1 },
    { NULL, "1", "http", "http", -1 },
    { "7", NULL, "http", "http", -1 },
    { "7", "1", NULL, "http", -1 },
    { "7", "1", "", "http", -1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (us_inherit_find (rows[i].pid, rows[i].fds, rows[i].names, 7, rows[i].name), ==,
                     rows[i].expected);
}

/* Two ListenStream= in one socket unit. */
static void
test_find_double (void) {
  static const struct {
    const char *pid, *fds, *names, *expected;
  } rows[] = {
    { "7", "1", "http", NULL },
    { "7", "2", "rtmp:http", NULL },
    { "7", "2", "http:http", "http" },
    { "7", "3", "rtmp:http:rtmp", "rtmp" },
    { "7", "2", "rtmp:http:rtmp", NULL }, /* more names than sockets */
    { "8", "2", "http:http", NULL },      /* somebody else's */
    { "7", "0", "http:http", NULL },
    { "7", "2", "", NULL },
    { "7", "2", NULL, NULL },
    { NULL, "2", "http:http", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = us_inherit_find_double (rows[i].pid, rows[i].fds, rows[i].names, 7);
    g_assert_cmpstr (name, ==, rows[i].expected);
  }
}

/* Runs in a process of its own, where descriptors 3 and 4 are known to be free. */
static void
take_in_child (void) {
  g_autofree char *pid = g_strdup_printf ("%d", (int)getpid ());
  g_autoptr (GSocket) socket
      = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_assert_true (g_socket_bind (socket, address, TRUE, NULL));
  int plain = dup (g_socket_get_fd (socket)); /* bound, not listening */
  g_autoptr (GSocket) listening
      = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_assert_true (g_socket_bind (listening, address, TRUE, NULL));
  g_assert_true (g_socket_listen (listening, NULL));
  int ready = fcntl (g_socket_get_fd (listening), F_DUPFD, 20);
  plain = fcntl (plain, F_DUPFD, 20);
  g_assert_cmpint (dup2 (ready, 3), ==, 3);
  g_assert_cmpint (dup2 (plain, 4), ==, 4);
  g_setenv ("LISTEN_PID", pid, TRUE);
  g_setenv ("LISTEN_FDS", "3", TRUE);
  g_setenv ("LISTEN_FDNAMES", "good:idle:closed", TRUE);
  close (5);
  g_assert_cmpint (us_inherit_take ("good"), ==, 3);
  g_assert_cmpint (fcntl (3, F_GETFD), ==, FD_CLOEXEC);
  g_assert_cmpint (us_inherit_take ("idle"), ==, -1);
  g_assert_cmpint (us_inherit_take ("closed"), ==, -1);
  g_autoptr (GError) error = NULL;
  g_assert_true (us_inherit_check ("role", &error));
  g_setenv ("LISTEN_FDNAMES", "good:idle:good", TRUE);
  g_assert_false (us_inherit_check ("role", &error));
  g_assert_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "understudy-role.socket: "));
  g_assert_nonnull (strstr (error->message, "'good'"));
  _exit (0);
}

static void
test_take (void) {
  if (g_test_subprocess ()) {
    take_in_child ();
    return;
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/inherit/find", test_find);
  g_test_add_func ("/base/inherit/find-double", test_find_double);
  g_test_add_func ("/base/inherit/take", test_take);
  return g_test_run ();
}
