/* side-files.c - keys and initialisation sections that were fetched, so that they are once
 *
 * Part of a watch. A handful are in use at a time; a stream that names a new one with each segment
 * pushes the oldest out.
 */
#include "monitor/side-files.h"

typedef struct {
  char *name;
  GBytes *bytes;
} SideFile;

struct UsSideFiles {
  GQueue files; /* element-type SideFile, the newest at the head */
  gsize n_bytes;
};

static void
side_file_free (gpointer data) {
  SideFile *file = data;
  g_free (file->name);
  g_bytes_unref (file->bytes);
  g_free (file);
}

UsSideFiles *
us_side_files_new (void) {
  return g_new0 (UsSideFiles, 1);
}

void
us_side_files_free (UsSideFiles *files) {
  if (files == NULL)
    return;
  g_queue_clear_full (&files->files, side_file_free);
  g_free (files);
}

static GList *
find (const UsSideFiles *files, const char *name) {
  for (GList *link = files->files.head; link != NULL; link = link->next)
    if (g_str_equal (((const SideFile *)link->data)->name, name))
      return link;
  return NULL;
}

/**
 * us_side_files_get:
 *
 * Returns: (transfer full) (nullable)
 */
GBytes *
us_side_files_get (const UsSideFiles *files, const char *name) {
  GList *link = find (files, name);
  return link != NULL ? g_bytes_ref (((SideFile *)link->data)->bytes) : NULL;
}

static void
drop (UsSideFiles *files, GList *link) {
  SideFile *file = link->data;
  files->n_bytes -= g_bytes_get_size (file->bytes);
  g_queue_delete_link (&files->files, link);
  side_file_free (file);
}

void
us_side_files_put (UsSideFiles *files, const char *name, GBytes *bytes) {
  GList *old = find (files, name);
  if (old != NULL)
    drop (files, old);
  SideFile *file = g_new (SideFile, 1);
  *file = (SideFile){ g_strdup (name), g_bytes_ref (bytes) };
  g_queue_push_head (&files->files, file);
  files->n_bytes += g_bytes_get_size (bytes);
  while (files->files.length > US_SIDE_FILES_MAX
         || (files->n_bytes > US_SIDE_FILES_MAX_BYTES && files->files.length > 1))
    drop (files, files->files.tail);
}
