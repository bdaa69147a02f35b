/* ctl-http.h - one question at a time over HTTP, for `understudy ctl` */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define US_CTL_ERROR us_ctl_error_quark ()
typedef enum {
  US_CTL_ERROR_REFUSED, /* the other side answered, and said no */
  US_CTL_ERROR_NOBODY,  /* nobody could be reached */
  US_CTL_ERROR_VALUE,   /* a file of tokens that cannot be read */
} UsCtlError;
GQuark us_ctl_error_quark (void);

typedef struct UsCtlHttp UsCtlHttp;

UsCtlHttp *us_ctl_http_new (const char *url, const char *token_file, const char *whom,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_ctl_http_free (UsCtlHttp *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsCtlHttp, us_ctl_http_free)

char *us_ctl_http_ask (UsCtlHttp *http, const char *method, const char *path, GBytes *json,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
