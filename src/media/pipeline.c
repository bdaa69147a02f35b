/* pipeline.c - from a text file in pipelines/ to a GstPipeline
 *
 * The texts are what `gst-launch-1.0` takes, with three additions: {lower-case-words} stand for
 * settings of Understudy, lines that begin with '#' are comments, and a paragraph (text between
 * blank lines) whose first line is
 * `# only with: TAG ...` is left out unless the caller has one of these tags. That is how one text
 * serves streams with and without audio: an hlssink2 pad that was requested and gets no data would
 * stall the pipeline for ever, so the branch must not exist at all.
 *
 * A pipeline text can start any element: it is the operator's file and trusted as such. It never
 * comes from the network.
 */
#include "media/pipeline.h"

#include <gio/gio.h>
#include <string.h>

#include "base/names.h"

#define MAX_TEXT_BYTES (64 * 1024)
#define ONLY_WITH "# only with:"

G_DEFINE_QUARK (us_pipeline_error, us_pipeline_error)

/**
 * us_media_init:
 * @error: set when GStreamer cannot start
 *
 * Initialises GStreamer once. The registry is read in this process: forking a scanner from a
 * daemon that may already have threads is a risk without a gain.
 *
 * Returns: %FALSE with @error set
 */
gboolean
us_media_init (GError **error) {
  gst_registry_fork_set_enabled (FALSE);
  return gst_init_check (NULL, NULL, error);
}

/**
 * us_pipeline_find:
 * @folder: (nullable): where the operator keeps pipeline texts; %NULL searches
 * @name: "packager-copy", or a path that contains a slash
 *
 * Searches, in this order: @folder, $UNDERSTUDY_PIPELINES, the folder installed with this binary
 * (../share/understudy/pipelines from it), the installation prefix, and the source tree around a
 * build folder.
 *
 * Returns: (transfer full): path of the text, or %NULL with %US_PIPELINE_ERROR_MISSING
 */
char *
us_pipeline_find (const char *folder, const char *name, GError **error) {
  if (strchr (name, '/') != NULL) {
    if (g_file_test (name, G_FILE_TEST_IS_REGULAR))
      return g_strdup (name);
    g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_MISSING, "no pipeline text at '%s'",
                 name);
    return NULL;
  }
  g_autofree char *exe = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *bin = exe != NULL ? g_path_get_dirname (exe) : g_strdup (".");
  g_autofree char *beside = g_build_filename (bin, "..", "share", US_PROGRAM, "pipelines", NULL);
  g_autofree char *prefix = g_build_filename (US_DATADIR, "pipelines", NULL);
  g_autofree char *source = g_build_filename (bin, "..", "..", "..", "pipelines", NULL);
  const char *folders[] = { folder, g_getenv (US_ENV_PIPELINES), beside, prefix, source };
  g_autofree char *file = g_strconcat (name, ".launch", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    if (folders[i] == NULL)
      continue;
    g_autofree char *path = g_build_filename (folders[i], file, NULL);
    if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
      return g_steal_pointer (&path);
  }
  g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_MISSING,
               "no pipeline text '%s' in %s; set %s to the folder that holds it", file,
               folder != NULL ? folder : prefix, US_ENV_PIPELINES);
  return NULL;
}

static gboolean
paragraph_is_wanted (const char *first_line, const char *const *tags) {
  if (!g_str_has_prefix (first_line, ONLY_WITH))
    return TRUE;
  g_auto (GStrv) words = g_strsplit_set (first_line + strlen (ONLY_WITH), " \t,", -1);
  for (guint i = 0; words[i] != NULL; i++) {
    if (*words[i] != '\0' && tags != NULL && g_strv_contains (tags, words[i]))
      return TRUE;
  }
  return FALSE;
}

/**
 * us_pipeline_select:
 * @text: a pipeline text with comments
 * @tags: (nullable) (array zero-terminated=1): what is at hand, for example {"video", "aac"}
 *
 * Pure.
 *
 * Returns: (transfer full): the text without comments and without unwanted paragraphs
 */
char *
us_pipeline_select (const char *text, const char *const *tags) {
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GString) out = g_string_new (NULL);
  gboolean is_first = TRUE;
  gboolean is_wanted = TRUE;

  for (guint i = 0; lines[i] != NULL; i++) {
    const char *line = g_strstrip (lines[i]);
    if (*line == '\0') {
      is_first = is_wanted = TRUE;
      continue;
    }
    if (is_first)
      is_wanted = paragraph_is_wanted (line, tags);
    is_first = FALSE;
    if (is_wanted && *line != '#')
      g_string_append_printf (out, "%s ", line);
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* Length of the placeholder that begins at @text with its braces, or 0. What has capitals, spaces
 * or commas in it is a list of caps: format={I420,NV12}, format={ I420 }. */
static gsize
placeholder_length (const char *text) {
  gsize word = *text == '{' ? strspn (text + 1, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;
  return word > 0 && text[1 + word] == '}' ? word + 2 : 0;
}

static const char *
find_knob (const UsPipelineKnob *knobs, const char *name, gsize size) {
  for (guint i = 0; knobs != NULL && knobs[i].name != NULL; i++) {
    if (strlen (knobs[i].name) == size && strncmp (knobs[i].name, name, size) == 0)
      return knobs[i].value;
  }
  return NULL;
}

static void
set_unknown_placeholder (GError **error, guint line, const char *text, gsize size,
                         const UsPipelineKnob *knobs) {
  g_autoptr (GString) known = g_string_new (NULL);
  for (guint i = 0; knobs != NULL && knobs[i].name != NULL; i++)
    g_string_append_printf (known, "%s{%s}", i > 0 ? ", " : "", knobs[i].name);
  g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX,
               "line %u: unknown placeholder %.*s; known here: %s", line, (int)size, text,
               known->len > 0 ? known->str : "none");
}

/**
 * us_pipeline_fill:
 * @text: a pipeline text
 * @knobs: (nullable): what its placeholders stand for
 * @error: set to %US_PIPELINE_ERROR_SYNTAX with the line for a placeholder that is not in @knobs,
 *   also in a paragraph that us_pipeline_select() would leave out
 *
 * Puts values in place of {placeholders}, everywhere but in comments. Pure.
 *
 * Returns: (transfer full): the text with values
 */
char *
us_pipeline_fill (const char *text, const UsPipelineKnob *knobs, GError **error) {
  g_autoptr (GString) out = g_string_sized_new (strlen (text));
  guint line = 1;
  gboolean is_blank = TRUE; /* nothing but white space in this line yet */

  for (const char *at = text; *at != '\0';) {
    gsize size = is_blank && *at == '#' ? strcspn (at, "\n") : 0;
    gsize word = placeholder_length (at);
    if (size == 0 && word > 0) {
      const char *value = find_knob (knobs, at + 1, word - 2);
      if (value == NULL) {
        set_unknown_placeholder (error, line, at, word, knobs);
        return NULL;
      }
      g_string_append (out, value);
      at += word;
      is_blank = FALSE;
      continue;
    }
    size = MAX (size, 1);
    g_string_append_len (out, at, (gssize)size);
    line += *at == '\n';
    is_blank = *at == '\n' || (is_blank && g_ascii_isspace (*at));
    at += size;
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/**
 * us_pipeline_parse:
 * @folder: (nullable): see us_pipeline_find()
 * @name: see us_pipeline_find()
 * @tags: (nullable): see us_pipeline_select()
 *
 * us_pipeline_parse_with() for a text that has no placeholders.
 */
GstElement *
us_pipeline_parse (const char *folder, const char *name, const char *const *tags, GError **error) {
  return us_pipeline_parse_with (folder, name, tags, NULL, error);
}

/**
 * us_pipeline_parse_with:
 * @folder: (nullable): see us_pipeline_find()
 * @name: see us_pipeline_find()
 * @tags: (nullable): see us_pipeline_select()
 * @knobs: (nullable): see us_pipeline_fill()
 *
 * Returns: (transfer full): a pipeline in state NULL, or %NULL with an error that names the file
 */
GstElement *
us_pipeline_parse_with (const char *folder, const char *name, const char *const *tags,
                        const UsPipelineKnob *knobs, GError **error) {
  g_autofree char *path = us_pipeline_find (folder, name, error);
  g_autofree char *text = NULL;
  gsize size = 0;
  if (path == NULL || !g_file_get_contents (path, &text, &size, error))
    return NULL;
  if (size > MAX_TEXT_BYTES || !g_utf8_validate (text, (gssize)size, NULL)) {
    g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX,
                 "%s: not a pipeline text (at most %d bytes of UTF-8)", path, MAX_TEXT_BYTES);
    return NULL;
  }
  g_autofree char *filled = us_pipeline_fill (text, knobs, error);
  if (filled == NULL) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  g_autofree char *launch = us_pipeline_select (filled, tags);
  g_autoptr (GError) gst_error = NULL;
  GstElement *pipeline
      = gst_parse_launch_full (launch, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &gst_error);
  if (pipeline == NULL) {
    gboolean is_missing
        = g_error_matches (gst_error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT);
    g_set_error (
        error, US_PIPELINE_ERROR, is_missing ? US_PIPELINE_ERROR_MISSING : US_PIPELINE_ERROR_SYNTAX,
        "%s: %s%s", path, gst_error->message,
        is_missing ? "; install the GStreamer plugin that provides it, or correct the name" : "");
    return NULL;
  }
  if (!GST_IS_PIPELINE (pipeline)) {
    g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX,
                 "%s: a single element is no pipeline", path);
    gst_object_unref (pipeline);
    return NULL;
  }
  return pipeline;
}

/**
 * us_pipeline_encodes_video:
 * @pipeline: a pipeline
 *
 * Returns: whether an element in it is a video encoder
 */
gboolean
us_pipeline_encodes_video (GstElement *pipeline) {
  g_autoptr (GstIterator) elements = gst_bin_iterate_recurse (GST_BIN (pipeline));
  g_auto (GValue) item = G_VALUE_INIT;
  gboolean is_found = FALSE;
  while (!is_found && gst_iterator_next (elements, &item) == GST_ITERATOR_OK) {
    GstElementFactory *factory = gst_element_get_factory (g_value_get_object (&item));
    is_found
        = factory != NULL
          && gst_element_factory_list_is_type (factory, GST_ELEMENT_FACTORY_TYPE_VIDEO_ENCODER);
    g_value_reset (&item);
  }
  return is_found;
}

/**
 * us_pipeline_error_from_message:
 * @message: a %GST_MESSAGE_ERROR
 *
 * Returns: (transfer full): the same as a %US_PIPELINE_ERROR_RUNTIME that names the element
 */
GError *
us_pipeline_error_from_message (GstMessage *message) {
  g_autoptr (GError) cause = NULL;
  g_autofree char *debug = NULL;
  gst_message_parse_error (message, &cause, &debug);
  /* "file.c(123): function (): /path/to/element:" and, on a line of its own, the detail. */
  const char *detail = debug != NULL ? strrchr (debug, '\n') : NULL;
  return g_error_new (US_PIPELINE_ERROR, US_PIPELINE_ERROR_RUNTIME, "%s: %s%s%s",
                      GST_MESSAGE_SRC_NAME (message), cause->message, detail != NULL ? " " : "",
                      detail != NULL ? detail + 1 : "");
}
