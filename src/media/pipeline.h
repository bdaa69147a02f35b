/* pipeline.h - gst-launch texts from pipelines/: found, trimmed to the tracks at hand, parsed */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define US_PIPELINE_ERROR us_pipeline_error_quark ()
typedef enum {
  US_PIPELINE_ERROR_MISSING, /* no such file, or an element it names is not installed */
  US_PIPELINE_ERROR_SYNTAX,  /* the text does not parse, or has a placeholder nobody knows */
  US_PIPELINE_ERROR_RUNTIME, /* an element posted an error while running */
} UsPipelineError;
GQuark us_pipeline_error_quark (void);

/* UsPipelineKnob: what a placeholder of the text stands for; tables end with a NULL name.
 * @value: in the words of gst-launch, put in as it is */
typedef struct {
  const char *name; /* "video-bitrate", written {video-bitrate} */
  const char *value;
} UsPipelineKnob;

gboolean us_media_init (GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_pipeline_find (const char *folder, const char *name,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_pipeline_select (const char *text, const char *const *tags);
char *us_pipeline_fill (const char *text, const UsPipelineKnob *knobs,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
GstElement *us_pipeline_parse_with (const char *folder, const char *name, const char *const *tags,
                                    const UsPipelineKnob *knobs,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
GstElement *us_pipeline_parse (const char *folder, const char *name, const char *const *tags,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_pipeline_encodes_video (GstElement *pipeline);
GError *us_pipeline_error_from_message (GstMessage *message);

G_END_DECLS
