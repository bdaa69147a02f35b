/* evidence.c - writes the evidence of drills into a folder, one sub-folder for each
 *
 * chain.log takes the output of all processes; what it gained during a drill is copied beside the
 * drill's other files. Pictures are decoded by one thread of its own, so that the viewer whose
 * clock the drill reads is not kept waiting; us_evidence_free() waits for it. A file that cannot be
 * written is said once in the log and otherwise no reason to stop: the drill is worth more than its
 * paper.
 */
#define US_LOG_TOPIC "drill.evidence"
#include "drill/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "media/thumbnail.h"

#define COPY_BYTES 65536

struct UsEvidence {
  char *folder;
  int log_fd;
  guint n_drills;
  char *drill_folder; /* nullable: between drills */
  FILE *requests, *playlists;
  off_t log_begin;
  gint64 begun_us;
  char *pipelines_dir;  /* nullable */
  GThreadPool *painter; /* nullable */
};

typedef struct {
  GBytes *segment, *init; /* nullable */
  char *folder, *name;
} Picture;

static void
complain (const char *path, const char *why) {
  us_warning ("evidence is incomplete: %s: %s", path, why);
}

static void
write_file (const char *folder, const char *name, const char *text) {
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  if (!g_file_set_contents (path, text, -1, &error))
    complain (path, error->message);
}

static gboolean
write_picture (const UsEvidence *evidence, const Picture *picture, const char *path,
               GError **error) {
  guint width, height;
  g_autoptr (GBytes) jpeg = us_thumbnail_make (evidence->pipelines_dir, picture->segment,
                                               picture->init, &width, &height, error);
  if (jpeg == NULL)
    return FALSE;
  gsize size;
  const char *data = g_bytes_get_data (jpeg, &size);
  return g_file_set_contents (path, data, (gssize)size, error);
}

/* In the painter's thread. */
static void
paint (gpointer data, gpointer user_data) {
  Picture *picture = data;
  const UsEvidence *evidence = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strconcat (picture->name, ".jpg", NULL);
  g_autofree char *path = g_build_filename (picture->folder, file, NULL);
  if (picture->segment == NULL || !write_picture (evidence, picture, path, &error)) {
    g_autofree char *note = g_strconcat (picture->name, ".txt", NULL);
    g_autofree char *text
        = g_strdup_printf ("no picture: %s\n", error != NULL ? error->message : "no segment");
    write_file (picture->folder, note, text);
  }
  g_clear_pointer (&picture->segment, g_bytes_unref);
  g_clear_pointer (&picture->init, g_bytes_unref);
  g_free (picture->folder);
  g_free (picture->name);
  g_free (picture);
}

/**
 * us_evidence_new:
 * @folder: made if need be; results of an earlier rehearsal in it are overwritten
 * @pipelines_dir: (nullable): see us_pipeline_find()
 * @error: when it cannot be written to
 */
UsEvidence *
us_evidence_new (const char *folder, const char *pipelines_dir, GError **error) {
  g_autofree char *log = g_build_filename (folder, "chain.log", NULL);
  if (g_mkdir_with_parents (folder, 0755) != 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot make %s: %s", folder,
                 g_strerror (errno));
    return NULL;
  }
  int fd = open (log, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot write %s: %s", log,
                 g_strerror (errno));
    return NULL;
  }
  UsEvidence *evidence = g_new0 (UsEvidence, 1);
  evidence->folder = g_strdup (folder);
  evidence->log_fd = fd;
  evidence->pipelines_dir = g_strdup (pipelines_dir);
  evidence->painter = g_thread_pool_new (paint, evidence, 1, TRUE, error);
  if (evidence->painter == NULL)
    g_clear_pointer (&evidence, us_evidence_free);
  return evidence;
}

int
us_evidence_get_log_fd (const UsEvidence *evidence) {
  return evidence->log_fd;
}

const char *
us_evidence_get_folder (const UsEvidence *evidence) {
  return evidence->folder;
}

static FILE *
open_file (const UsEvidence *evidence, const char *name) {
  g_autofree char *path = g_build_filename (evidence->drill_folder, name, NULL);
  FILE *file = fopen (path, "we");
  if (file == NULL)
    complain (path, g_strerror (errno));
  return file;
}

/**
 * us_evidence_begin:
 * @drill: that begins
 * @last_playlist: (nullable): as the viewer has it
 */
void
us_evidence_begin (UsEvidence *evidence, const UsDrill *drill, GBytes *last_playlist) {
  g_autofree char *name = g_strdup_printf ("%02u-%s", ++evidence->n_drills, drill->name);
  evidence->drill_folder = g_build_filename (evidence->folder, name, NULL);
  if (g_mkdir_with_parents (evidence->drill_folder, 0755) != 0)
    complain (evidence->drill_folder, g_strerror (errno));
  evidence->requests = open_file (evidence, "requests.jsonl");
  evidence->playlists = open_file (evidence, "playlists.txt");
  evidence->log_begin = lseek (evidence->log_fd, 0, SEEK_END);
  evidence->begun_us = g_get_monotonic_time ();
  if (last_playlist != NULL)
    us_evidence_add_playlist (evidence, last_playlist);
}

/**
 * us_evidence_add_request:
 *
 * Does nothing between drills, as the two below.
 */
void
us_evidence_add_request (UsEvidence *evidence, const UsViewerRequest *request) {
  if (evidence->requests == NULL)
    return;
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "t_s");
  json_builder_add_double_value (json, (double)(request->begun_us - evidence->begun_us) / 1e6);
  json_builder_set_member_name (json, "url");
  json_builder_add_string_value (json, request->url);
  json_builder_set_member_name (json, "status");
  json_builder_add_int_value (json, request->status);
  json_builder_set_member_name (json, "bytes");
  json_builder_add_int_value (json, (gint64)request->size);
  json_builder_set_member_name (json, "took_ms");
  json_builder_add_double_value (json, (double)request->took_us / 1000);
  if (request->error != NULL) {
    json_builder_set_member_name (json, "error");
    json_builder_add_string_value (json, request->error);
  }
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *line = json_to_string (root, FALSE);
  fprintf (evidence->requests, "%s\n", line);
}

void
us_evidence_add_playlist (UsEvidence *evidence, GBytes *text) {
  gsize size;
  const char *data = g_bytes_get_data (text, &size);
  UsMoment now = us_moment_now ();
  if (evidence->playlists == NULL)
    return;
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (now.wall_us / G_USEC_PER_SEC);
  g_autofree char *clock = g_date_time_format (time, "%H:%M:%S");
  fprintf (evidence->playlists, "---- %s.%03d, %+.3f s\n", clock, (int)(now.wall_us / 1000 % 1000),
           (double)(now.monotonic_us - evidence->begun_us) / 1e6);
  fwrite (data, 1, size, evidence->playlists);
}

/**
 * us_evidence_add_picture:
 * @name: without its ending
 * @segment: (nullable): whose first key frame is shown
 * @init: (nullable): its initialisation section
 */
void
us_evidence_add_picture (UsEvidence *evidence, const char *name, GBytes *segment, GBytes *init) {
  Picture *picture = g_new0 (Picture, 1);
  picture->segment = segment != NULL ? g_bytes_ref (segment) : NULL;
  picture->init = init != NULL ? g_bytes_ref (init) : NULL;
  picture->folder = g_strdup (evidence->drill_folder);
  picture->name = g_strdup (name);
  g_thread_pool_push (evidence->painter, picture, NULL);
}

static void
copy_log (UsEvidence *evidence) {
  FILE *out = open_file (evidence, "chain.log");
  char buffer[COPY_BYTES];
  off_t at = evidence->log_begin;
  gssize n;
  while (out != NULL && at >= 0 && (n = pread (evidence->log_fd, buffer, sizeof buffer, at)) > 0) {
    fwrite (buffer, 1, (gsize)n, out);
    at += n;
  }
  if (out != NULL)
    fclose (out);
}

static void
close_file (FILE **file) {
  if (*file != NULL)
    fclose (*file);
  *file = NULL;
}

/**
 * us_evidence_end:
 * @result: of the drill that us_evidence_begin() began
 */
void
us_evidence_end (UsEvidence *evidence, const UsDrillResult *result) {
  g_autofree char *summary = us_drill_result_summary (result);
  close_file (&evidence->requests);
  close_file (&evidence->playlists);
  copy_log (evidence);
  write_file (evidence->drill_folder, "summary.txt", summary);
  g_clear_pointer (&evidence->drill_folder, g_free);
}

/**
 * us_evidence_write_results:
 * @results: (element-type UsDrillResult): so far
 * @pair: see us_drill_results_json()
 *
 * Replaces result.json at once, so that a reader never finds half of one.
 */
void
us_evidence_write_results (UsEvidence *evidence, const GPtrArray *results, const char *pair) {
  g_autofree char *json = us_drill_results_json (results, pair);
  write_file (evidence->folder, "result.json", json);
}

void
us_evidence_free (UsEvidence *evidence) {
  if (evidence == NULL)
    return;
  if (evidence->painter != NULL)
    g_thread_pool_free (evidence->painter, FALSE, TRUE);
  close_file (&evidence->requests);
  close_file (&evidence->playlists);
  close (evidence->log_fd);
  g_free (evidence->pipelines_dir);
  g_free (evidence->drill_folder);
  g_free (evidence->folder);
  g_free (evidence);
}
