/* puller.h - brings a stream in from another server, for as long as it takes */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* UsPuller: lives on the thread-default main context of us_puller_new(). */
typedef struct UsPuller UsPuller;

typedef struct {
  const char *url;           /* where the stream is */
  const char *to;            /* where it goes: an RTMP URL, complete */
  const char *pipelines_dir; /* (nullable) */
  const char *pipeline;      /* name of the text that reads @url */
  guint idle_ms;             /* nothing came for so long: tried again */
} UsPullerSettings;

/* @stopped: after us_puller_stop() */
typedef void (*UsPullerFunc) (UsPuller *puller, gpointer user_data);

const char *us_puller_pipeline_for (const char *url);
UsPuller *us_puller_new (const UsPullerSettings *settings, UsPullerFunc stopped, gpointer user_data,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_puller_stop (UsPuller *puller);
void us_puller_free (UsPuller *puller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsPuller, us_puller_free)

G_END_DECLS
