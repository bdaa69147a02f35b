/* packager.h - the packager role: relay connections in, HLS of every stream out */
#pragma once

#include "packager/muxer.h"
#include "packager/origin.h"
#include "rtmp/listener.h"

G_BEGIN_DECLS

typedef struct UsPackager UsPackager;

typedef struct {
  const char *name;            /* "primary", "backup" */
  UsRtmpListenerSettings rtmp; /* private: ingest pushes to it */
  UsOriginSettings origin;
  UsMuxerSettings muxer;
  guint playlist_length; /* segments listed */
  guint max_streams;
  guint forget_ms;           /* a stream without input for so long is dropped */
  gboolean has_self_verdict; /* answer 503 when stale */
} UsPackagerSettings;

void us_packager_settings_default (UsPackagerSettings *settings);
UsPackager *us_packager_new (const UsPackagerSettings *settings,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint16 us_packager_get_rtmp_port (UsPackager *packager);
guint16 us_packager_get_http_port (UsPackager *packager);
/* Stops taking input; finished segments stay served until us_packager_free(). */
void us_packager_drain (UsPackager *packager);
void us_packager_free (UsPackager *packager);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsPackager, us_packager_free)

G_END_DECLS
