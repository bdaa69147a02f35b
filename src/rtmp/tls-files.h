/* tls-files.h - certificate and key as files, read again when they change */
#pragma once

#include "rtmp/tls.h"

G_BEGIN_DECLS

#define US_RTMP_TLS_WARN_DAYS 14 /* before the certificate ends */

typedef struct UsRtmpTlsFiles UsRtmpTlsFiles;

UsRtmpTlsFiles *us_rtmp_tls_files_new (const char *certificate_path, const char *key_path,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_rtmp_tls_files_free (UsRtmpTlsFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRtmpTlsFiles, us_rtmp_tls_files_free)
gboolean us_rtmp_tls_files_poll (UsRtmpTlsFiles *files);
gboolean us_rtmp_tls_files_reload (UsRtmpTlsFiles *files);
UsRtmpTlsIdentity *us_rtmp_tls_files_get (UsRtmpTlsFiles *files);

G_END_DECLS
