/* publisher.h - publishes a source to one RTMP URL and keeps at it */
#pragma once

#include "publisher/source.h"

G_BEGIN_DECLS

typedef struct UsPublisher UsPublisher;

typedef struct {
  const char *url;
  const char *file;          /* (nullable): a file to loop instead of the test picture */
  const char *pipelines_dir; /* (nullable) */
  const char *pipeline;      /* name of the test picture's text */
} UsPublisherSettings;

/* @failed: the source never gave anything and will not (the network never is a reason)
 * @stopped: after us_publisher_stop() */
typedef struct {
  void (*failed) (UsPublisher *publisher, const GError *error, gpointer user_data);
  void (*stopped) (UsPublisher *publisher, gpointer user_data);
} UsPublisherHandler;

UsPublisher *us_publisher_new (const UsPublisherSettings *settings,
                               const UsPublisherHandler *handler, gpointer user_data,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_publisher_stop (UsPublisher *publisher);
void us_publisher_free (UsPublisher *publisher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsPublisher, us_publisher_free)

G_END_DECLS
