/* test-keys-edit.c - keys come and go, everything else in the file stays */
#include "ingest/keys-edit.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_TEXT                                                                                  \
  "# ours\n"                                                                                       \
  "\n"                                                                                             \
  "# the first\n"                                                                                  \
  "[a]\n"                                                                                          \
  "key = key-number-one-of-us\n"                                                                   \
  "# inside\n"                                                                                     \
  "stream = s\n"                                                                                   \
  "\n"                                                                                             \
  "# the second\n"                                                                                 \
  "[ b ]\n"                                                                                        \
  "key = key-number-two-of-us\n"                                                                   \
  "stream = s\n"

static const UsKeyDraft draft = { .id = "c",
                                  .stream = "mystream",
                                  .key = "key-number-three-of-us",
                                  .allow = "192.0.2.0/24",
                                  .expires = "2027-01-31",
                                  .priority = 2 };

static void
test_add (void) {
  g_autofree char *text = us_keys_edit_add (FILE_TEXT, &draft);
  g_assert_cmpstr (text, ==,
                   FILE_TEXT "\n[c]\nkey = key-number-three-of-us\nstream = mystream\n"
                             "priority = 2\nallow = 192.0.2.0/24\nexpires = 2027-01-31\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (UsKeys) keys = us_keys_parse ("k", text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (us_keys_get_n (keys), ==, 3);
  g_autofree char *first = us_keys_edit_add (NULL, &draft);
  g_assert_true (g_str_has_prefix (first, "#"));
  g_autofree char *unended = us_keys_edit_add ("# no newline", &draft);
  g_assert_true (g_str_has_prefix (unended, "# no newline\n\n[c]\n"));
}

static void
test_remove (void) {
  g_autofree char *first = us_keys_edit_remove (FILE_TEXT, "a");
  g_assert_cmpstr (first, ==,
                   "# ours\n\n# the first\n# the second\n[ b ]\nkey = key-number-two-of-us\n"
                   "stream = s\n");
  g_autofree char *second = us_keys_edit_remove (FILE_TEXT, "b");
  g_assert_true (g_str_has_prefix (FILE_TEXT, "# ours"));
  g_assert_null (strstr (second, "two"));
  g_assert_nonnull (strstr (second, "one"));
  /* what the reader takes for the next key is not removed with this one */
  g_autofree char *third = us_keys_edit_remove ("[a]\nkey = x\n\f[b]\nkey = y\n\v# c\n[c]\n", "a");
  g_assert_cmpstr (third, ==, "\f[b]\nkey = y\n\v# c\n[c]\n");
  g_assert_null (us_keys_edit_remove (FILE_TEXT, "s"));
  g_assert_null (us_keys_edit_remove (FILE_TEXT, ""));
  g_assert_null (us_keys_edit_remove ("", "a"));
}

static char *
add (const char *text, gpointer user_data, GError **error) {
  return us_keys_edit_add (text, user_data);
}

static char *
spoil (const char *text, gpointer user_data, GError **error) {
  return g_strdup ("nonsense\n");
}

static char *
give_up (const char *text, gpointer user_data, GError **error) {
  g_set_error_literal (error, US_KEYS_ERROR, US_KEYS_ERROR_VALUE, "no");
  return NULL;
}

static void
test_file (void) {
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("understudy-keys-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "keys.conf", NULL);
  g_autofree char *link = g_build_filename (dir, "link.conf", NULL);
  g_autofree char *lock = g_strconcat (path, ".lock", NULL);
  struct stat info;
  g_assert_true (us_keys_edit_file (path, add, (gpointer)&draft, &error));
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0600);
  /* a link stays one, others lose what they may, the group does not */
  g_assert_cmpint (symlink (path, link), ==, 0);
  g_assert_cmpint (chmod (path, 0644), ==, 0);
  UsKeyDraft other = draft;
  other.id = "d";
  other.key = "key-number-four-of-us";
  g_assert_true (us_keys_edit_file (link, add, &other, &error));
  g_assert_cmpint (lstat (link, &info), ==, 0);
  g_assert_true (S_ISLNK (info.st_mode));
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 07777, ==, 0640);
  g_autofree char *before = NULL, *after = NULL;
  g_assert_true (g_file_get_contents (path, &before, NULL, NULL));
  /* what the ingest would not take is not written; neither is anything after a failure */
  g_assert_false (us_keys_edit_file (path, spoil, NULL, &error));
  g_assert_error (error, US_KEYS_ERROR, US_KEYS_ERROR_SYNTAX);
  g_clear_error (&error);
  g_assert_false (us_keys_edit_file (path, add, &other, &error)); /* the id twice */
  g_clear_error (&error);
  g_assert_false (us_keys_edit_file (path, give_up, NULL, &error));
  g_assert_true (g_file_get_contents (path, &after, NULL, NULL));
  g_assert_cmpstr (before, ==, after);
  /* and nothing is left over */
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_unlink (link), ==, 0);
  g_assert_cmpint (g_unlink (lock), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

/* A service that is not root reads what root has made beside its configuration. */
static void
test_new_file (void) {
  static const struct {
    uid_t folder_uid;
    gid_t folder_gid;
    guint mode;
  } rows[] = { { 0, 0, 0600 }, { 0, 4242, 0640 }, { 4242, 4243, 0600 } };
  gboolean is_root = geteuid () == 0;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp ("understudy-keys-XXXXXX", NULL);
    g_autofree char *path = g_build_filename (dir, "keys.conf", NULL);
    g_autofree char *lock = g_strconcat (path, ".lock", NULL);
    struct stat info;
    if (is_root)
      g_assert_cmpint (chown (dir, rows[i].folder_uid, rows[i].folder_gid), ==, 0);
    UsKeyDraft other = draft;
    other.id = "d";
    other.key = "key-number-four-of-us";
    /* the second time the file is there, and stays whose it is */
    for (guint n = 0; n < 2; n++) {
      g_assert_true (us_keys_edit_file (path, add, n == 0 ? (gpointer)&draft : &other, &error));
      g_assert_no_error (error);
      g_assert_cmpint (stat (path, &info), ==, 0);
      g_assert_cmpuint (info.st_uid, ==, is_root ? rows[i].folder_uid : geteuid ());
      g_assert_cmpuint (info.st_mode & 07777, ==, is_root ? rows[i].mode : 0600);
      if (is_root)
        g_assert_cmpuint (info.st_gid, ==, rows[i].folder_gid);
    }
    g_assert_cmpint (g_unlink (path), ==, 0);
    g_assert_cmpint (g_unlink (lock), ==, 0);
    g_assert_cmpint (g_rmdir (dir), ==, 0);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keys-edit/add", test_add);
  g_test_add_func ("/keys-edit/remove", test_remove);
  g_test_add_func ("/keys-edit/file", test_file);
  g_test_add_func ("/keys-edit/new-file", test_new_file);
  return g_test_run ();
}
