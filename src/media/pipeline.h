/* pipeline.h - gst-launch texts from pipelines/: found, trimmed to the tracks at hand, parsed */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define US_PIPELINE_ERROR us_pipeline_error_quark ()
typedef enum {
  US_PIPELINE_ERROR_MISSING, /* no such file, or an element it names is not installed */
  US_PIPELINE_ERROR_SYNTAX,  /* the text does not parse */
  US_PIPELINE_ERROR_RUNTIME, /* an element posted an error while running */
} UsPipelineError;
GQuark us_pipeline_error_quark (void);

gboolean us_media_init (GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_pipeline_find (const char *folder, const char *name,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_pipeline_select (const char *text, const char *const *tags);
GstElement *us_pipeline_parse (const char *folder, const char *name, const char *const *tags,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
GError *us_pipeline_error_from_message (GstMessage *message);

G_END_DECLS
