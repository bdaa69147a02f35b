/* test-log.c - lines of the log whose reader has stopped */
#include "base/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 30 /* then something has blocked, and the signal ends the test */
#define N_LINES 3000

static char *
read_all (int fd) {
  GString *text = g_string_new (NULL);
  char part[4096];
  gssize n;
  while ((n = read (fd, part, sizeof part)) > 0)
    g_string_append_len (text, part, n);
  return g_string_free (text, FALSE);
}

static guint
count_lines (const char *text) {
  guint n = 0;
  for (const char *p = strchr (text, '\n'); p != NULL; p = strchr (p + 1, '\n'))
    n++;
  return n;
}

/* `understudy run 2>&1 | less`, or the socket of a journald that hangs: nothing blocks, what is
 * lost is counted, no line is half. */
static void
test_unread (gconstpointer is_socket) {
  int ends[2], err = dup (STDERR_FILENO);
  g_assert_cmpint (is_socket != NULL ? socketpair (AF_UNIX, SOCK_STREAM, 0, ends) : pipe (ends), ==,
                   0);
  g_assert_cmpint (fcntl (ends[0], F_SETFL, O_NONBLOCK), ==, 0);
  dup2 (ends[1], STDERR_FILENO);
  alarm (PATIENCE_S);
  if (is_socket == NULL)
    us_log_init ("test", US_LOG_INFO, US_LOG_FORMAT_TEXT); /* once in a process */
  for (guint i = 0; i < N_LINES; i++)
    us_log (US_LOG_INFO, "topic", NULL, "line %u", i);
  g_autofree char *first = read_all (ends[0]);
  us_log (US_LOG_INFO, "topic", NULL, "read again");
  g_autofree char *second = read_all (ends[0]);
  us_log (US_LOG_INFO, "topic", NULL, "and again");
  g_autofree char *third = read_all (ends[0]);
  dup2 (err, STDERR_FILENO);
  alarm (0);

  guint n_read = count_lines (first);
  g_assert_cmpuint (n_read, <, N_LINES);
  g_assert_true (g_str_has_suffix (first, "\n"));
  g_autofree char *loss
      = g_strdup_printf ("log: %u lines are missing here: nobody read them\n", N_LINES - n_read);
  g_assert_cmpuint (count_lines (second), ==, 2);
  g_assert_nonnull (strstr (second, loss));
  g_assert_nonnull (strstr (second, ": read again\n"));
  g_assert_cmpuint (count_lines (third), ==, 1);
  g_assert_cmpint (fcntl (ends[1], F_GETFL) & O_NONBLOCK, ==, 0); /* it may be the shell's */
  close (ends[0]);
  close (ends[1]);
  close (err);
}

/* A file does not block, and opened anew it would be written from its beginning. */
static void
test_file (void) {
  g_autofree char *path = NULL, *text = NULL;
  int fd = g_file_open_tmp ("us-log-XXXXXX", &path, NULL), err = dup (STDERR_FILENO);
  g_assert_cmpint (write (fd, "before\n", 7), ==, 7);
  dup2 (fd, STDERR_FILENO);
  us_log_unblock (STDERR_FILENO);
  us_log (US_LOG_INFO, "topic", NULL, "behind");
  dup2 (err, STDERR_FILENO);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_true (g_str_has_prefix (text, "before\n"));
  g_assert_nonnull (strstr (text, ": behind\n"));
  unlink (path);
  close (fd);
  close (err);
}

/* Nothing that a terminal obeys: ESC, DEL, what is ESC [ in one character, writing backwards. Each
 * format in a process of its own, as it is chosen once. */
static void
test_control_characters (gconstpointer is_json) {
  static const char words[] = "zw\303\266lf\n\033[2J\177\302\2332J\342\200\256x\377";
  if (g_test_subprocess ()) {
    us_log_init ("test", US_LOG_INFO, is_json != NULL ? US_LOG_FORMAT_JSON : US_LOG_FORMAT_TEXT);
    us_log (US_LOG_INFO, "topic", NULL, "%s", words);
    return;
  }
  g_test_trap_subprocess (NULL, 60 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr (
      is_json != NULL ? "*\"zw\303\266lf\\u000a\\u001b[2J\\u007f\\u009b2J*"
                      : "*: zw\303\266lf\\x0a\\x1b[2J\\x7f\\u009b2J\\u202ex\357\277\275\n*");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/base/log/unread/pipe", NULL, test_unread);
  g_test_add_data_func ("/base/log/unread/socket", "socket", test_unread);
  g_test_add_func ("/base/log/file", test_file);
  g_test_add_data_func ("/base/log/control-characters/text", NULL, test_control_characters);
  g_test_add_data_func ("/base/log/control-characters/json", "json", test_control_characters);
  return g_test_run ();
}
