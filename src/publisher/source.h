/* source.h - coded audio and video as RTMP payloads: from the test picture, a looped file, or a URL
 */
#pragma once

#include <gio/gio.h>

#include "rtmp/message.h"

G_BEGIN_DECLS

#define US_SOURCE_ERROR us_source_error_quark ()
typedef enum {
  US_SOURCE_ERROR_FILE,  /* cannot be opened or read */
  US_SOURCE_ERROR_END,   /* of what a URL gave; nothing comes */
  US_SOURCE_ERROR_CODEC, /* holds something RTMP publishers do not send */
} UsSourceError;
GQuark us_source_error_quark (void);

/* UsSource: lives on the thread-default main context of us_source_new(); all callbacks come there.
 */
typedef struct UsSource UsSource;

/* UsSourceItem: one message to publish. Times rise for ever, also over the seam of a loop. */
typedef struct {
  UsRtmpMessageType type; /* US_RTMP_AUDIO or US_RTMP_VIDEO */
  gboolean is_config;     /* sent again after each connect */
  gboolean is_keyframe;
  guint64 time_ms; /* decoding time */
  GBytes *payload; /* valid during the callback; reference it to keep it */
} UsSourceItem;

/* @failed: it gives nothing more; for a URL also at its end */
typedef struct {
  void (*item) (UsSource *source, const UsSourceItem *item, gpointer user_data);
  void (*failed) (UsSource *source, const GError *error, gpointer user_data);
} UsSourceHandler;

/* @file: (nullable): a file to loop; %NULL: the pipeline text @name in @folder */
UsSource *us_source_new (const char *file, const char *folder, const char *name,
                         const UsSourceHandler *handler, gpointer user_data,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* @url: what the element `source` of the pipeline text @name reads */
UsSource *us_source_new_from_url (const char *url, const char *folder, const char *name,
                                  const UsSourceHandler *handler, gpointer user_data,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_source_free (UsSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsSource, us_source_free)

G_END_DECLS
