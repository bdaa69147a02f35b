/* test-listen.c - opening ports, and the sentence when one is taken */
#include "supervisor/listen.h"

#include <gio/gio.h>
#include <unistd.h>

static void
test_open_and_in_use (void) {
  guint16 port = 0, other = 0;
  g_autoptr (GError) error = NULL;
  int fd = us_listen_open ("127.0.0.1", 0, &port, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpuint (port, >, 0);

  g_assert_cmpint (us_listen_open ("127.0.0.1", port, &other, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_autofree char *expected
      = g_strdup_printf ("port %u is already in use by test-listen (pid %d)", port, (int)getpid ());
  g_assert_cmpstr (error->message, ==, expected);
  g_clear_error (&error);

  guint16 wanted = port;
  g_assert_false (us_listen_check ("127.0.0.1", &wanted, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);
  close (fd);
  g_assert_true (us_listen_check ("127.0.0.1", &wanted, &error));
  g_assert_cmpuint (wanted, ==, port);
}

static void
test_pick (void) {
  guint16 port = 0;
  g_autoptr (GError) error = NULL;
  g_assert_true (us_listen_check ("127.0.0.1", &port, &error));
  g_assert_cmpuint (port, >=, 20000);
  g_assert_cmpuint (port, <, 32000);
}

static void
test_not_ours (void) {
  guint16 port = 0;
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (us_listen_open ("192.0.2.1", 8080, &port, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (g_str_has_prefix (error->message, "cannot listen on 192.0.2.1 port 8080: this "));
  g_clear_error (&error);
  g_assert_cmpint (us_listen_open ("localhost", 8080, &port, &error), ==, -1);
  g_assert_cmpstr (error->message, ==, "localhost is not a numeric address");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/listen/open-and-in-use", test_open_and_in_use);
  g_test_add_func ("/supervisor/listen/pick", test_pick);
  g_test_add_func ("/supervisor/listen/not-ours", test_not_ours);
  return g_test_run ();
}
