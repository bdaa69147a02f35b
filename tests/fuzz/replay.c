/* replay.c - runs a fuzz target over the stored inputs, without a fuzzer
 *
 * Linked with one fuzz-*.c; the arguments are files, or folders whose files are all taken. Every
 * build replays what fuzzing once found, so that it stays found. */
#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static guint
replay_file (const char *path) {
  g_autofree char *data = NULL;
  gsize size;
  g_autoptr (GError) error = NULL;
  if (!g_file_get_contents (path, &data, &size, &error)) {
    g_printerr ("%s\n", error->message);
    return 0;
  }
  /* An exact copy: g_file_get_contents() adds a byte that would hide a read beyond the end. */
  g_autofree guint8 *exact = g_memdup2 (data, size);
  g_print ("# %s\n", path);
  LLVMFuzzerTestOneInput (exact, size);
  return 1;
}

static guint
replay_path (const char *path) {
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return replay_file (path);
  guint n = 0;
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  for (const char *name = NULL; dir != NULL && (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *inner = g_build_filename (path, name, NULL);
    n += replay_path (inner);
  }
  return n;
}

int
main (int argc, char **argv) {
  guint n = 0;
  for (int i = 1; i < argc; i++)
    n += replay_path (argv[i]);
  g_print ("%u inputs\n", n);
  return n > 0 ? 0 : 1; /* an empty corpus is a mistake in the call */
}
