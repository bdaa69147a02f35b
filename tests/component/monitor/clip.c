/* clip.c - short clips for tests, encoded on the spot by ffmpeg */
#include "clip.h"

#include <gio/gio.h>
#include <string.h>

gboolean
us_clip_has_encoder (const char *name) {
  g_autofree char *text = NULL;
  g_autofree char *program = g_find_program_in_path ("ffmpeg");
  g_autofree char *line = g_strdup_printf (" %s ", name);
  if (program == NULL)
    return FALSE;
  const char *argv[] = { program, "-hide_banner", "-encoders", NULL };
  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &text, NULL,
                NULL, NULL);
  return text != NULL && strstr (text, line) != NULL;
}

static void
add (GPtrArray *argv, const char *words) {
  g_auto (GStrv) list = g_strsplit (words, " ", -1);
  for (guint i = 0; list[i] != NULL; i++)
    if (list[i][0] != '\0')
      g_ptr_array_add (argv, g_strdup (list[i]));
}

GBytes *
us_clip_make (const UsClip *clip) {
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *seconds = g_strdup_printf ("%u", clip->seconds > 0 ? clip->seconds : 2);
  add (argv, "ffmpeg -nostdin -v error -threads 1");
  for (guint i = 0; i < 2; i++) {
    const char *source = i == 0 ? clip->video : clip->audio;
    if (source == NULL)
      continue;
    add (argv, "-f lavfi -i");
    g_ptr_array_add (argv, g_strdup (source));
  }
  add (argv, "-t");
  add (argv, seconds);
  if (clip->video != NULL) {
    const char *encoder = clip->video_encoder != NULL ? clip->video_encoder : "libx264";
    add (argv, "-c:v");
    add (argv, encoder);
    if (g_str_equal (encoder, "libx264") || g_str_equal (encoder, "libx265"))
      add (argv, "-preset ultrafast -pix_fmt yuv420p -g 50");
    if (g_str_equal (encoder, "libx265"))
      add (argv, "-x265-params log-level=none:pools=none:frame-threads=1");
  }
  if (clip->audio != NULL) {
    add (argv, "-c:a");
    add (argv, clip->audio_encoder != NULL ? clip->audio_encoder : "aac");
  }
  if (clip->arguments != NULL)
    add (argv, clip->arguments);
  if (clip->format != NULL) {
    add (argv, "-f");
    add (argv, clip->format);
    add (argv, "pipe:1");
  } else
    add (argv, clip->is_fmp4 ? "-movflags frag_keyframe+delay_moov+default_base_moof -f mp4 pipe:1"
                             : "-f mpegts pipe:1");
  g_ptr_array_add (argv, NULL);

  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_newv ((const char *const *)argv->pdata,
                                                       G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  g_assert_no_error (error);
  GBytes *bytes = NULL;
  g_subprocess_communicate (process, NULL, NULL, &bytes, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  g_assert_cmpuint (g_bytes_get_size (bytes), >, 0);
  return bytes;
}
